import { Menu } from '@mantine/core';
import { Button } from './button';

/** One of few choices behind a button; the arrow keys go through them. */
export const ChoiceMenu = <Value extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: Value;
  options: readonly (readonly [value: Value, label: string])[];
  onChange: (value: Value) => void;
}) => (
  // Beside its button, not at the end of the page: the order of the text is the order of the keys.
  <Menu withinPortal={false} position="bottom-end" transitionProps={{ duration: 0 }}>
    <Menu.Target>
      <Button kind="quiet">{label}</Button>
    </Menu.Target>
    <Menu.Dropdown>
      <Menu.RadioGroup value={value} onChange={(chosen) => onChange(chosen as Value)}>
        {options.map(([option, text]) => (
          <Menu.RadioItem key={option} value={option} closeMenuOnClick>
            {text}
          </Menu.RadioItem>
        ))}
      </Menu.RadioGroup>
    </Menu.Dropdown>
  </Menu>
);
