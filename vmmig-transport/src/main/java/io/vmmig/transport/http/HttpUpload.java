// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.bundle.PackageReader;
import io.vmmig.crypto.SignerKey;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.HandOverJournal;
import io.vmmig.transport.stored.PackageSealing;
import io.vmmig.transport.stored.StagedUpload;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Sends a package in parts, and publishes it by sending their index. */
final class HttpUpload extends StagedUpload<HeldBackTail> {
    private final RemoteParts remote;
    private final HttpAccess access;
    private final int partBytes;
    private final @Nullable AwaitedReceipt awaited;
    private final RetryingHttpClient client;

    private volatile @Nullable Sent sent;
    private final AtomicBoolean cleared = new AtomicBoolean();

    private @Nullable HandOverEntry entry;
    private byte @Nullable [] index;

    private record Sent(UUID packageId, PartUpload parts) {}

    HttpUpload(
            RemoteParts remote,
            HttpAccess access,
            PackageSealing sealing,
            List<PackageReader.Outline> earlier,
            int partBytes,
            @Nullable AwaitedReceipt awaited) {
        super(remote.what(), sealing, earlier);
        this.remote = remote;
        this.access = access;
        this.partBytes = partBytes;
        this.awaited = awaited;
        this.client = remote.client();
    }

    @Override
    protected HeldBackTail open(UUID id) {
        PartUpload parts = new PartUpload(client, id.toString(), partBytes, access.parallelism(), false);
        sent = new Sent(id, parts);
        return new HeldBackTail(parts, PartIndex.TAIL_BYTES);
    }

    @Override
    protected void complete(HeldBackTail written) throws VmmigException {
        PartUpload parts = Objects.requireNonNull(sent).parts();
        SignerKey receiptBy = awaited == null ? null : awaited.by();
        PartIndex made = parts.finish(PartIndex.Ending.of(written.tail(), receiptBy));
        index = made.toBytes();
        entry = new HandOverEntry(
                HandOverEntry.Step.SENT,
                IndexHandOver.digestOf(index),
                made.parts().size(),
                parts.pivot(),
                receiptBy);
    }

    @Override
    protected void publish(UUID id, HeldBackTail written, HandOverJournal journal) throws VmmigException {
        try (RetryingHttpClient asking = remote.briefCalls()) {
            new IndexHandOver(new HttpObjects(client, asking), remote.what(), id, journal)
                    .publish(Objects.requireNonNull(entry), Objects.requireNonNull(index), awaited);
        }
    }

    @Override
    protected void aborted(@Nullable HeldBackTail open) {
        client.close();
    }

    /** Removes the parts, unless the package may be complete; takes a few seconds at most. */
    @Override
    public void close() {
        super.close();
        client.close();
        Sent begun = sent;
        if (begun != null && !cleared.getAndSet(true)) {
            begun.parts().close();
            if (!isPublished()) {
                remote.removeQuietly(begun.packageId(), begun.parts().begun());
                remote.removeLate(begun.packageId(), begun.parts().unanswered());
            }
        }
    }

    @Override
    protected VmmigException explained(IOException e) {
        return VmmigException.from(
                e,
                Problem.CONNECTION_LOST,
                "the package could not be written to " + remote,
                "Check the server, and try again.");
    }
}
