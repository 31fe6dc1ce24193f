/** One message: its text in each language beside how it reads, and a test to oneself. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Grid from "@cloudscape-design/components/grid";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import { useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { useParams } from "wouter";
import { email } from "@shared/session";
import { languageName } from "@shared/shown";
import { api, got, type Schemas } from "../../api";
import { Action } from "../../parts/Action";
import { DraftPage } from "../../parts/DraftPage";
import { useFilters } from "../../parts/filters";
import { AreaField, TextField } from "../../parts/Form";
import { Loaded, Message as Said } from "../../parts/States";
import { plain } from "../../words";
import { filled, type Message, type Messages, smsParts, wrongWith } from "./texts";

type Kind = Schemas["MessageKind"];

const FROM = { label: "Messages", path: "/programme/messages" };
const NONE: Message = { subject: "", text: "", sms: null };

export default function MessagePage() {
  const { key = "" } = useParams();
  const kinds = useQuery({ queryKey: ["programme", "message kinds"], queryFn: () => got(api().GET("/programme/messages")), staleTime: 5 * 60_000 });
  return (
    <Loaded query={kinds}>
      {({ messages, languages }) => {
        const kind = messages.find((one) => one.key === key);
        if (!kind) return <Said title="There is no such message">It may have been renamed in a newer version.</Said>;
        return (
          <DraftPage<Messages> section="messages" title={plain(key)} from={FROM} description="Words in braces are filled in for each member.">
            {(value, change, _, readOnly) => (
              <Languages
                kind={kind}
                languages={languages}
                value={value[key] ?? {}}
                readOnly={readOnly}
                put={(language, message) => change((before) => ({ ...before, [key]: { ...before[key], [language]: message } }))}
              />
            )}
          </DraftPage>
        );
      }}
    </Loaded>
  );
}

type Props = { kind: Kind; languages: readonly string[]; value: Record<string, Message>; readOnly: boolean; put: (language: string, message: Message) => void };

function Languages({ kind, languages, value, readOnly, put }: Props) {
  const [{ language = languages.includes("en") ? "en" : languages[0] ?? "en" }, change] = useFilters();
  return (
    <Tabs
      activeTabId={language}
      onChange={({ detail }) => change({ language: detail.activeTabId })}
      tabs={languages.map((one) => ({
        id: one,
        label: languageName(one),
        content: <Text key={one} kind={kind} language={one} message={value[one]} readOnly={readOnly} put={(message) => put(one, message)} />,
      }))}
    />
  );
}

function Text({ kind, language, message, readOnly, put }: { kind: Kind; language: string; message: Message | undefined; readOnly: boolean; put: (message: Message) => void }) {
  const last = useRef<"subject" | "text" | "sms">("text");
  const shown = message ?? NONE;
  const words = kind.words[language] ?? {};
  const place = `messages.${kind.key}.${language}`;
  const set = (fields: Partial<Message>) => put({ ...shown, ...fields });
  // At the end of what was written in last: where in it the cursor stood is the browser's.
  const insert = (word: string) => set({ [last.current]: `${shown[last.current] ?? ""}{${word}}` });
  const wrong = wrongWith(shown.subject + shown.text + (shown.sms ?? ""), words);
  const body = { key: kind.key, language, subject: shown.subject, text: shown.text, ...(shown.sms && { sms: shown.sms }) };
  return (
    <Grid gridDefinition={[{ colspan: { default: 12, s: 7 } }, { colspan: { default: 12, s: 5 } }]}>
      <Container
        header={
          <Header
            variant="h2"
            actions={
              <Action
                label="Send me a test"
                icon="envelope"
                needs="POST /programme/messages/test"
                disabled={!shown.subject || !shown.text || wrong !== ""}
                act={() => got(api().POST("/programme/messages/test", { body }))}
                done={({ email: to }) => `Sent to ${to}.`}
              />
            }
          >
            Text
          </Header>
        }
      >
        <SpaceBetween size="l">
          {!message && <Alert type="warning">This text is missing in {languageName(language)}: members would get another language.</Alert>}
          <div onFocus={() => (last.current = "subject")}>
            <TextField name={`${place}.subject`} label="Subject" value={shown.subject} onChange={(subject) => set({ subject })} disabled={readOnly} error={wrongWith(shown.subject, words)} stretch />
          </div>
          <div onFocus={() => (last.current = "text")}>
            <AreaField name={`${place}.text`} label="Text" value={shown.text} rows={12} onChange={(text) => set({ text })} disabled={readOnly} error={wrongWith(shown.text, words)} stretch />
          </div>
          {kind.short && (
            <div onFocus={() => (last.current = "sms")}>
              <AreaField
                name={`${place}.sms`}
                label="SMS"
                value={shown.sms ?? ""}
                rows={3}
                onChange={(sms) => set({ sms: sms || null })}
                disabled={readOnly}
                error={wrongWith(shown.sms ?? "", words)}
                constraint={`${(shown.sms ?? "").length} of 300 characters before words are filled in.`}
                stretch
              />
            </div>
          )}
          <div>
            <Box variant="awsui-key-label">Words that can be filled in</Box>
            <div className="actions">
              {Object.entries(words).map(([word, sample]) => (
                <Button key={word} formAction="none" disabled={readOnly} ariaLabel={`Insert {${word}}, for example ${sample}`} onClick={() => insert(word)}>{`{${word}}`}</Button>
              ))}
            </div>
          </div>
        </SpaceBetween>
      </Container>
      <div className="beside">
        <Container header={<Header variant="h2" description={`With samples; a test goes to ${email() || "you"}.`}>How it reads</Header>}>
          <SpaceBetween size="l">
            <article className="letter">
              <header><Pieces text={shown.subject || "(no subject)"} words={words} /></header>
              <div><Pieces text={shown.text} words={words} /></div>
            </article>
            {kind.short && <Short text={shown.sms || shown.subject} words={kind.short[language] ?? {}} />}
          </SpaceBetween>
        </Container>
      </div>
    </Grid>
  );
}

function Short({ text, words }: { text: string; words: Record<string, string> }) {
  const parts = smsParts(filled(text, words).map((piece) => piece.text).join(""));
  return (
    <div>
      <Box variant="awsui-key-label">SMS, charged as {parts === 1 ? "one message" : `${parts} messages`}</Box>
      <p className="bubble"><Pieces text={text} words={words} /></p>
    </div>
  );
}

function Pieces({ text, words }: { text: string; words: Record<string, string> }) {
  return filled(text, words).map((piece, at) => (piece.word ? <mark key={at}>{piece.text}</mark> : <span key={at}>{piece.text}</span>));
}
