/** How to reach a person: the programme's own links, by the names it gave them. */
import { config } from "@shared/config";
import { say, sayCode } from "../words";

export function Contact() {
  const links = Object.entries(config().brand.links);
  if (links.length === 0) return <p>{say("help.contact_none")}</p>;
  return (
    <ul className="contact">
      {links.map(([name, link]) => (
        <li key={name}><a href={link} rel="noopener">{sayCode("help", `link_${name}`, name)}</a></li>
      ))}
    </ul>
  );
}
