import { type MantineColorScheme, useMantineColorScheme } from '@mantine/core';
import { t } from '../i18n';
import { ChoiceMenu } from '../ui/choice-menu';

/** Light, dark, or as the reader's system has it. */
export function Appearance() {
  // Otherwise the library stops transitions by a style element.
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  return (
    <ChoiceMenu<MantineColorScheme>
      label={t('appearance.label')}
      value={colorScheme}
      onChange={setColorScheme}
      options={[
        ['auto', t('appearance.auto')],
        ['light', t('appearance.light')],
        ['dark', t('appearance.dark')],
      ]}
    />
  );
}
