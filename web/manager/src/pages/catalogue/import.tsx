/** Bringing a table back: it is looked at as a whole, its mistakes are told by line and column, and it is taken over by a second press. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FileUpload from "@cloudscape-design/components/file-upload";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, got, newKey, type Schemas, upload } from "../../api";
import { tell } from "../../tell";
import { wordsOf } from "../../words";
import { CATALOGUE, products, undoing } from "./shown";

const LARGEST_BYTES = 5 * 1024 * 1024;

export function ImportTable() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button iconName="upload" onClick={() => setOpen(true)}>Import table</Button>
      {open && <Dialog close={() => setOpen(false)} />}
    </>
  );
}

function Dialog({ close }: { close: () => void }) {
  const queries = useQueryClient();
  const [files, setFiles] = useState<File[]>([]);
  const [importId, setImportId] = useState<string | null>(null);
  const file = files[0];
  const tooLarge = file !== undefined && file.size > LARGEST_BYTES;
  const bringing = useMutation({
    mutationFn: async (chosen: File) => {
      const to = await got(api().POST("/catalogue/imports", { params: { header: { "Idempotency-Key": newKey() } }, body: { file_name: chosen.name.slice(0, 200), bytes: chosen.size } }));
      await upload(to, new Blob([await chosen.arrayBuffer()], { type: "text/csv" }));
      return to.import_id;
    },
    onSuccess: setImportId,
  });
  const found = useQuery({
    queryKey: ["imports", importId],
    queryFn: () => got(api().GET("/catalogue/imports/{import_id}", { params: { path: { import_id: importId! } } })),
    enabled: importId !== null,
    refetchInterval: ({ state }) => (state.data && state.data.state !== "waiting" ? false : 1000),
  });
  const applying = useMutation({
    mutationFn: () => got(api().POST("/catalogue/imports/{import_id}/application", { params: { path: { import_id: importId! } } })),
    onSuccess: (answer) => {
      tell("success", `${products(answer.products)} changed.`, undoing(queries, answer.change_id));
      void queries.invalidateQueries({ queryKey: CATALOGUE });
      close();
    },
  });
  const looked = found.data;
  const good = looked?.state === "good";
  const failure = bringing.error ?? found.error ?? applying.error;
  const again = () => (setImportId(null), setFiles([]), bringing.reset());
  return (
    <Modal
      visible
      size="large"
      header="Import a table"
      onDismiss={close}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={close}>Cancel</Button>
            {looked?.state === "refused" && <Button onClick={again}>Choose another file</Button>}
            {importId === null ? (
              <Button variant="primary" disabled={!file || tooLarge} loading={bringing.isPending} onClick={() => file && bringing.mutate(file)}>Look at it</Button>
            ) : (
              <Button variant="primary" disabled={!good || looked.would_change === 0} loading={applying.isPending} onClick={() => applying.mutate()}>Take it over</Button>
            )}
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {importId === null ? (
          <>
            <Box>
              Export a table first: it has the columns. <b>action</b> is pick, hide or nothing; an empty cell means none, a column that you leave out changes nothing.
              Nothing is taken over before you have seen what it would do.
            </Box>
            <FileUpload
              value={files}
              onChange={({ detail }) => setFiles(detail.value)}
              accept=".csv,text/csv"
              showFileSize
              errorText={tooLarge ? "A table has at most 5 MB." : ""}
              constraintText="CSV in UTF-8, at most 5 MB and 20,000 lines"
              i18nStrings={{
                uploadButtonText: () => "Choose a file",
                dropzoneText: () => "Drop a file here",
                removeFileAriaLabel: () => "Take the file out",
                limitShowFewer: "Show fewer",
                limitShowMore: "Show more",
                errorIconAriaLabel: "Error",
              }}
            />
          </>
        ) : looked && looked.state !== "waiting" ? (
          <Looked found={looked} />
        ) : (
          <StatusIndicator type="in-progress">The table is being looked at</StatusIndicator>
        )}
        {failure && <Alert type="error">{wordsOf(failure)}</Alert>}
      </SpaceBetween>
    </Modal>
  );
}

function Looked({ found }: { found: Schemas["TableView"] }) {
  if (found.state === "refused") {
    return (
      <SpaceBetween size="s">
        <Alert type="error" header={`${found.mistakes_in_all} mistake${found.mistakes_in_all === 1 ? "" : "s"}: nothing is taken over`}>
          Correct them in the file and bring it again.{found.mistakes_in_all > found.mistakes.length && ` These are the first ${found.mistakes.length}.`}
        </Alert>
        <Table
          variant="embedded"
          items={[...found.mistakes]}
          ariaLabels={{ tableLabel: "Mistakes" }}
          columnDefinitions={[
            { id: "line", header: "Line", cell: ({ line }) => line, width: 80 },
            { id: "column", header: "Column", cell: ({ column }) => column || "–", width: 160 },
            { id: "detail", header: "What is wrong", cell: ({ detail }) => detail },
          ]}
        />
      </SpaceBetween>
    );
  }
  if (found.would_change === 0) return <Alert type="info">Everything is so already: nothing would change.</Alert>;
  return (
    <Alert type="success" header={`${products(found.would_change)} would change`}>
      {found.lines} lines without a mistake. {found.would_hide > 0 && `${products(found.would_hide)} would be hidden. `}
      {found.would_pick > 0 && `${products(found.would_pick)} would be picked. `}It can be taken back afterwards.
    </Alert>
  );
}
