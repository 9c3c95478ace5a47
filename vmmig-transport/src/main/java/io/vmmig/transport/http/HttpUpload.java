// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.bundle.Manifest;
import io.vmmig.crypto.SealingOutputStream;
import io.vmmig.crypto.SignerKey;
import io.vmmig.error.Failure;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.HandOverJournal;
import io.vmmig.transport.PackageUpload;
import io.vmmig.transport.stored.PackageOutput;
import io.vmmig.transport.stored.PackageSealing;
import java.io.IOException;
import java.io.OutputStream;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Sends a package in parts, and publishes it by their index: without an index there is no package. */
final class HttpUpload implements PackageUpload {
    private enum Stage {
        OPENED,
        WRITING,
        FINISHED,
        /** From here on the index may be there. */
        PUBLISHED,
        GIVEN_UP
    }

    private final RemoteParts remote;
    private final HttpAccess access;
    private final PackageSealing sealing;
    private final int partBytes;
    private final @Nullable AwaitedReceipt awaited;
    private final RetryingHttpClient client;
    private final OutputStream data = new PackageOutput(this::writable, this::failure);

    private final Object lock = new Object();
    private Stage stage = Stage.OPENED;
    private @Nullable VmmigException reason;
    private @Nullable UUID packageId;
    private @Nullable PartUpload upload;
    private @Nullable HeldBackTail kept;
    private @Nullable HandOverEntry entry;
    private @Nullable SealingOutputStream sealed;
    private byte @Nullable [] index;
    private boolean cleared;

    HttpUpload(
            RemoteParts remote,
            HttpAccess access,
            PackageSealing sealing,
            int partBytes,
            @Nullable AwaitedReceipt awaited) {
        this.remote = remote;
        this.access = access;
        this.sealing = sealing;
        this.partBytes = partBytes;
        this.awaited = awaited;
        this.client = remote.client();
    }

    @Override
    public Acceptance begin(Manifest manifest) throws VmmigException {
        synchronized (lock) {
            advance(Stage.OPENED, Stage.WRITING);
            packageId = manifest.packageId();
            upload = new PartUpload(client, packageId.toString(), partBytes, access.parallelism(), false);
            kept = new HeldBackTail(upload, PartIndex.TAIL_BYTES);
        }
        try {
            SealingOutputStream begun = sealing.begin(data);
            synchronized (lock) {
                sealed = begun;
            }
        } catch (IOException e) {
            throw failure(e);
        }
        Set<Manifest.Reference> references = new HashSet<>(manifest.baseReferences());
        references.addAll(manifest.bootReferences());
        return new Acceptance(Set.of(), references);
    }

    @Override
    public OutputStream packageStream() {
        synchronized (lock) {
            return sealed == null ? data : sealed;
        }
    }

    @Override
    public Set<String> recipients() {
        return sealing.fingerprints();
    }

    @Override
    public void finish() throws VmmigException {
        byte[] listed;
        HandOverEntry first;
        try {
            if (packageStream() instanceof SealingOutputStream open) {
                open.finish();
            }
            data.flush();
            byte[] tail = writable().tail();
            PartUpload parts = Objects.requireNonNull(upload);
            SignerKey receiptBy = awaited == null ? null : awaited.by();
            PartIndex made = parts.finish(PartIndex.Ending.of(tail, receiptBy));
            listed = made.toBytes();
            first = new HandOverEntry(
                    HandOverEntry.Step.SENT,
                    IndexHandOver.digestOf(listed),
                    made.parts().size(),
                    parts.pivot(),
                    receiptBy);
        } catch (IOException e) {
            throw failure(e);
        } catch (VmmigException e) {
            VmmigException ended = ended();
            throw ended == null ? e : ended;
        }
        synchronized (lock) {
            advance(Stage.WRITING, Stage.FINISHED);
            index = listed;
            entry = first;
        }
    }

    @Override
    public void publish(HandOverJournal journal) throws VmmigException {
        byte[] listed;
        HandOverEntry first;
        IndexHandOver handOver;
        try (RetryingHttpClient asking = remote.briefCalls()) {
            synchronized (lock) {
                advance(Stage.FINISHED, Stage.PUBLISHED);
                listed = Objects.requireNonNull(index);
                first = Objects.requireNonNull(entry);
                handOver = new IndexHandOver(
                        new HttpObjects(client, asking), remote.what(), Objects.requireNonNull(packageId), journal);
            }
            handOver.publish(first, listed, awaited);
        } catch (VmmigException e) {
            if (e.problem() != Problem.OUTCOME_UNKNOWN) {
                synchronized (lock) {
                    stage = Stage.GIVEN_UP;
                }
            }
            throw e;
        }
    }

    @Override
    public void abort(@Nullable Failure told) {
        synchronized (lock) {
            if (stage == Stage.PUBLISHED || stage == Stage.GIVEN_UP) {
                return;
            }
            stage = Stage.GIVEN_UP;
            reason = told == null
                    ? VmmigException.of(Problem.CANCELLED, "the package was given up", "")
                    : VmmigException.of(told, null);
        }
        client.close();
    }

    /** Removes the parts, unless the package may be whole; takes a few seconds at most. */
    @Override
    public void close() {
        abort(null);
        PartUpload begun;
        boolean given;
        synchronized (lock) {
            begun = cleared ? null : upload;
            cleared = true;
            given = stage == Stage.PUBLISHED;
        }
        client.close();
        if (begun != null) {
            begun.close();
            if (!given) {
                UUID id = Objects.requireNonNull(packageId);
                remote.removeQuietly(id, begun.begun());
                remote.removeLate(id, begun.unanswered());
            }
        }
    }

    private void advance(Stage from, Stage to) throws VmmigException {
        synchronized (lock) {
            if (reason != null) {
                throw again(reason);
            }
            if (stage != from) {
                throw new IllegalStateException("not " + to + " after " + stage);
            }
            stage = to;
        }
    }

    private static VmmigException again(VmmigException reason) {
        return VmmigException.of(reason.failure(), reason);
    }

    private @Nullable VmmigException ended() {
        synchronized (lock) {
            return reason == null ? null : again(reason);
        }
    }

    private VmmigException failure(IOException e) {
        VmmigException ended = ended();
        return ended != null
                ? ended
                : VmmigException.from(
                        e,
                        Problem.CONNECTION_LOST,
                        "the package could not be written to " + remote,
                        "See to the server, and try again.");
    }

    private HeldBackTail writable() throws IOException {
        VmmigException ended = ended();
        if (ended != null) {
            throw new IOException(ended.getMessage(), ended);
        }
        synchronized (lock) {
            if (stage != Stage.WRITING) {
                throw new IllegalStateException("the package is written between begin and finish, not now: " + stage);
            }
            return Objects.requireNonNull(kept);
        }
    }
}
