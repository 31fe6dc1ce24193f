/** Points to another member, where the programme allows it. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, got } from "@shared/client";
import { Problem } from "@shared/problem";
import { number } from "@shared/shown";
import { once } from "../once";
import { refreshPoints } from "../queries";
import { say, sayCount } from "../words";
import { Dialog } from "./dialog";
import { Field } from "./field";
import { tell } from "./note";
import { Failed, wordsOf } from "./states";
import { focusWrong } from "./wrong";

const NUMBER = /^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/;
const OF_A_FIELD: Record<string, "number" | "points"> = {
  "same-member": "number", "no-such-member": "number", "over-limit": "points", "insufficient-points": "points",
};

type Props = { available: number; limit: number };

export function Give({ available, limit }: Props) {
  const queries = useQueryClient();
  const [typed, setTyped] = useState({ number: "", points: "" });
  const [wrong, setWrong] = useState<{ number?: string | undefined; points?: string | undefined }>({});
  const [asking, setAsking] = useState(false);
  const gift = { member_number: typed.number.trim(), points: Number(typed.points) };
  const giving = useMutation({
    mutationFn: () => once("transfer", gift, (key) => got(api().POST("/transfers", { body: gift, params: { header: { "Idempotency-Key": key } } }))),
    onSuccess: ({ points }) => {
      tell(sayCount("points.given", points, { number: gift.member_number }));
      setTyped({ number: "", points: "" });
      refreshPoints(queries);
    },
    onError: (problem) => {
      const field = problem instanceof Problem ? OF_A_FIELD[problem.code] : undefined;
      if (field) setWrong({ [field]: wordsOf(problem) });
    },
    onSettled: () => setAsking(false),
  });
  const type = (field: "number" | "points", value: string) => {
    setTyped({ ...typed, [field]: value });
    setWrong({ ...wrong, [field]: undefined });
  };
  const ask = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    giving.reset();
    const found = {
      ...(NUMBER.test(gift.member_number) ? {} : { number: say("points.give_number_wrong") }),
      ...(gift.points < 1 ? { points: say("points.give_points_wrong") } : {}),
      ...(gift.points > available ? { points: say("points.give_points_over", { available: number(available) }) } : {}),
    };
    setWrong(found);
    setAsking(Object.keys(found).length === 0);
    if (Object.keys(found).length > 0) focusWrong(event.currentTarget);
  };
  return (
    <section className="section" aria-labelledby="give">
      <h2 id="give">{say("points.give")}</h2>
      <p className="muted">{sayCount("points.give_lead", limit)}</p>
      <form className="form" onSubmit={ask} noValidate>
        <div className="two">
          <Field label={say("points.give_number")} wrong={wrong.number} value={typed.number} maxLength={40} autoComplete="off" spellCheck={false} onInput={(event) => type("number", event.currentTarget.value)} />
          <Field label={say("points.give_points")} wrong={wrong.points} className="num" inputMode="numeric" autoComplete="off" value={typed.points} onInput={(event) => type("points", event.currentTarget.value.replace(/[^0-9]/g, "").slice(0, 12))} />
        </div>
        {giving.error && !wrong.number && !wrong.points && <Failed error={giving.error} />}
        <div className="actions"><button type="submit" className="button quiet" disabled={giving.isPending}>{say(giving.isPending ? "states.waiting" : "points.give_do")}</button></div>
      </form>
      {asking && (
        <Dialog title={sayCount("points.give_sure", gift.points, { number: gift.member_number })} onClose={() => setAsking(false)}>
          <p>{say("points.give_final")}</p>
          <div className="actions">
            <button type="button" className="button" disabled={giving.isPending} onClick={() => giving.mutate()}>{say(giving.isPending ? "states.waiting" : "points.give_yes")}</button>
            <button type="button" className="link" onClick={() => setAsking(false)}>{say("states.cancel")}</button>
          </div>
        </Dialog>
      )}
    </section>
  );
}
