import { fromHex } from '../../canonical/bytes.js';

// The generators of BLS12-381, compressed (RFC 9380, 8.8). Having another engine compute them would cost every process
// that starts more than all of mcl's own initialisation.

/** 48 bytes. */
export const GENERATOR_G1 = fromHex(
  '97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb',
);

/** 96 bytes. */
export const GENERATOR_G2 = fromHex(
  '93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e' +
    '024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8',
);
