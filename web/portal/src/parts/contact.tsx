/** How to reach a person: the programme's own links. */
import { say } from "../words";
import { brandLinks } from "./brand-links";

export function Contact() {
  const links = brandLinks();
  if (links.length === 0) return <p>{say("help.contact_none")}</p>;
  return (
    <ul className="contact">
      {links.map(({ code, link, words }) => (
        <li key={code}><a href={link} rel="noopener">{words}</a></li>
      ))}
    </ul>
  );
}
