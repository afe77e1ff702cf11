import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useState } from 'react';
import { MedsealClient, ProblemError, type SignedInUser } from '@medseal/client';
import type { Device } from './device';

/** One client a page: the session rests in the browser's HttpOnly cookie. */
export const client = new MedsealClient(window.location.origin, undefined, 'cookie');

export interface Session {
  /** Undefined while nobody is signed in. */
  user: SignedInUser | undefined;
  /** The session ended under the user's hands; the page stays as it is until they sign in again. */
  ended: boolean;
  /** A patient's keys, in a thread of their own while unlocked and nowhere else. */
  device: Device | undefined;
  signIn(organization: string, username: string, password: string, rememberMe: boolean): Promise<void>;
  signOut(): Promise<void>;
  /** Leaves without asking the service: its session is gone already. */
  leave(): void;
  /** Nobody was there: the keys are forgotten and the session ends; the page stays, hidden, until they sign in again. */
  lock(): Promise<void>;
  /** Why the page is locked, where the session did not end by itself. */
  wasIdle: boolean;
  keepDevice(device: Device | undefined): void;
}

const SessionContext = createContext<Session | undefined>(undefined);

export const useSession = (): Session => {
  const session = use(SessionContext);
  if (session === undefined) throw new Error('useSession needs a SessionProvider above it');
  return session;
};

/** The signed-in user; only below the shell, which shows nothing to anybody else. */
export const useUser = (): SignedInUser => {
  const { user } = useSession();
  if (user === undefined) throw new Error('useUser needs a signed-in user');
  return user;
};

const endedListeners = new Set<() => void>();

/** Told of every failure: a session that is over is everybody's matter. */
export const noticeFailure = (error: unknown): void => {
  if (error instanceof ProblemError && error.code === 'NOT_SIGNED_IN')
    for (const listener of endedListeners) listener();
};

export function SessionProvider({ children, waiting }: { children: ReactNode; waiting: ReactNode }) {
  const [user, setUser] = useState<SignedInUser>();
  const [ended, setEnded] = useState(false);
  const [wasIdle, setWasIdle] = useState(false);
  const [device, setDevice] = useState<Device>();
  const [known, setKnown] = useState(false);

  useEffect(() => {
    client
      .resume()
      .then((session) => setUser(session.user))
      // Without a session, or out of reach: the sign-in page says which.
      .catch(() => undefined)
      .finally(() => setKnown(true));
  }, []);

  useEffect(() => {
    const listener = (): void => setEnded(true);
    endedListeners.add(listener);
    return () => void endedListeners.delete(listener);
  }, []);

  useEffect(() => () => device?.forget(), [device]);

  const signIn = useCallback<Session['signIn']>(
    async (organization, username, password, rememberMe) => {
      const session = await client.login(organization, username, password, rememberMe);
      if (session.user.subject !== user?.subject) setDevice(undefined);
      setUser(session.user);
      setEnded(false);
      setWasIdle(false);
    },
    [user],
  );
  const leave = useCallback(() => {
    setUser(undefined);
    setDevice(undefined);
    setEnded(false);
    setWasIdle(false);
  }, []);
  const lock = useCallback(async () => {
    setWasIdle(true);
    setEnded(true);
    setDevice(undefined);
    // Out of reach or over already: the page is locked all the same, and the service ends an idle session itself.
    await client.logout().catch(() => undefined);
  }, []);
  const signOut = useCallback(async () => {
    try {
      await client.logout();
    } catch (error) {
      // Already over is as good as ended.
      if (!(error instanceof ProblemError) || error.status !== 401) throw error;
    }
    leave();
  }, [leave]);

  const session = useMemo<Session>(
    () => ({
      user,
      ended: ended && user !== undefined,
      device,
      signIn,
      signOut,
      leave,
      lock,
      wasIdle,
      keepDevice: setDevice,
    }),
    [user, ended, wasIdle, device, signIn, signOut, leave, lock],
  );
  return <SessionContext value={session}>{known ? children : waiting}</SessionContext>;
}
