/** Something that can be done: it shows that it is busy, cannot be pressed twice, and says what happened. */
import Box from "@cloudscape-design/components/box";
import Button, { type ButtonProps } from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type QueryKey, useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { newKey } from "../api";
import { type AllowedRoute, may } from "../may";
import { tell } from "../tell";
import { wordsOf } from "../words";
import { Form } from "./Form";
import { Intention } from "./intention";

type Props<Answer> = {
  label: string;
  /** Who may not does not see it. */
  needs: AllowedRoute;
  /** `key`: the Idempotency-Key, the same for every attempt of one intention. */
  act: (key: string) => Promise<Answer>;
  /** What `act` sends, where it has a key: other values are another intention. */
  values?: unknown;
  /** What is said when it went well; nothing for null. */
  done: string | ((answer: Answer) => string | null);
  /** Which questions have another answer now. */
  refresh?: readonly QueryKey[];
  after?: (answer: Answer) => void;
  undo?: (answer: Answer) => () => void;
  variant?: ButtonProps.Variant;
  icon?: NonNullable<ButtonProps["iconName"]>;
  disabled?: boolean;
};

function useAct<Answer>({ act, values, done, refresh = [], after, undo }: Props<Answer>, quiet: boolean) {
  const queries = useQueryClient();
  const [intention] = useState(() => new Intention(newKey));
  const acting = useMutation({
    mutationFn: () => act(intention.keyFor(values)),
    onSuccess: async (answer) => {
      intention.begin();
      const words = typeof done === "function" ? done(answer) : done;
      if (words) tell("success", words, undo?.(answer));
      after?.(answer);
      await Promise.all(refresh.map((queryKey) => queries.invalidateQueries({ queryKey })));
    },
    onError: (failure) => {
      // What the API refused for certain is another intention when it is tried anew.
      if ((failure as { certain?: boolean }).certain) intention.begin();
      if (!quiet) tell("error", wordsOf(failure));
    },
  });
  return { acting, intention };
}

/** One press. */
export function Action<Answer>(props: Props<Answer>) {
  const { acting } = useAct(props, false);
  if (!may(props.needs)) return null;
  return (
    <Button
      variant={props.variant ?? "normal"}
      {...(props.icon && { iconName: props.icon })}
      loading={acting.isPending}
      disabled={props.disabled ?? false}
      onClick={() => acting.mutate()}
    >
      {props.label}
    </Button>
  );
}

type AskingProps<Answer> = Props<Answer> & {
  title: string;
  /** What is to be filled in or known; fields of Form show the API's errors. */
  children?: ReactNode;
  /** What the button of the dialog says. */
  confirm?: string;
  ready?: boolean;
  size?: "small" | "medium" | "large";
  onOpen?: () => void;
};

/** A press that asks first: what it does, and what it needs to know. It stays open while the API refuses. */
export function AskingAction<Answer>({ title, children, confirm, ready = true, size = "medium", onOpen, ...props }: AskingProps<Answer>) {
  const [open, setOpen] = useState(false);
  const { acting, intention } = useAct({ ...props, after: (answer) => (setOpen(false), props.after?.(answer)) }, true);
  if (!may(props.needs)) return null;
  const close = () => {
    if (acting.isPending) return;
    setOpen(false);
    acting.reset();
  };
  const submit = () => ready && !acting.isPending && acting.mutate();
  return (
    <>
      <Button
        variant={props.variant ?? "normal"}
        {...(props.icon && { iconName: props.icon })}
        disabled={props.disabled ?? false}
        onClick={() => (intention.begin(), onOpen?.(), setOpen(true))}
      >
        {props.label}
      </Button>
      {open && (
        <Modal
          visible
          size={size}
          header={title}
          onDismiss={close}
          footer={
            <Box float="right">
              <SpaceBetween direction="horizontal" size="xs">
                <Button variant="link" onClick={close}>Cancel</Button>
                <Button variant="primary" loading={acting.isPending} disabled={!ready} onClick={submit}>{confirm ?? props.label}</Button>
              </SpaceBetween>
            </Box>
          }
        >
          <Form failure={acting.error} onSubmit={submit}>{children}</Form>
        </Modal>
      )}
    </>
  );
}
