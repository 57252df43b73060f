/**
 * Arrow IPC files as pandas, polars and pyarrow open them by their usual calls: magic, schema, batches, end of stream, and a
 * footer that says where each batch lies.
 */
import { Message, RecordBatchFileWriter, type Schema } from "apache-arrow";

/** The two parts of a batch's message as a footer counts them, in bytes. */
export interface BatchSize {
  /** Prefix and metadata. */
  readonly metaDataLength: number;
  readonly bodyLength: number;
}

/** The library's writer leaves the schema to the footer; here it stands in front too, so that the middle is a whole stream. */
export class ArrowFileWriter extends RecordBatchFileWriter {
  protected override _writeSchema(schema: Schema): this {
    super._writeSchema(schema);
    return this._writeMessage(Message.from(schema));
  }

  /** Takes a batch into the footer whose bytes are appended to the file as they are. */
  place({ metaDataLength, bodyLength }: BatchSize): void {
    const block = { offset: this._position, metaDataLength, bodyLength };
    this._recordBatchBlocks.push(block as (typeof this._recordBatchBlocks)[number]);
    this._position += metaDataLength + bodyLength;
  }
}
