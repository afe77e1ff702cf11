import { type MantineColorScheme, useMantineColorScheme } from '@mantine/core';
import { t } from '../i18n';
import { ChoiceMenu } from '../ui/choice-menu';

/** Light, dark, or as the reader's system has it. */
export function Appearance() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
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
