/** Whether the paper adds up, as it is typed. */
import Box from "@cloudscape-design/components/box";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { money } from "@shared/shown";
import { type Content, sums } from "./editing";

export function Sums({ value, currency }: { value: Content; currency: string }) {
  const found = sums(value);
  if (found.length === 0) return <Box color="text-body-secondary">Type the lines and the total, and the sums are shown here.</Box>;
  return (
    <table className="sums">
      <thead><tr><th scope="col">Sum</th><th scope="col">It makes</th><th scope="col">Printed</th><th scope="col">Difference</th></tr></thead>
      <tbody>
        {found.map(({ label, expected, printed }) => (
          <tr key={label}>
            <th scope="row">{label}</th>
            <td className="num">{money(expected, currency)}</td>
            <td className="num">{money(printed, currency)}</td>
            <td className="num">
              {expected === printed ? <StatusIndicator type="success">None</StatusIndicator> : <StatusIndicator type="error">{money(printed - expected, currency)}</StatusIndicator>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
