// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.stored;

import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageReader;
import io.vmmig.content.Digest;
import io.vmmig.crypto.SealingOutputStream;
import io.vmmig.error.Failure;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.sparse.BlockOutput;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.HandOverJournal;
import io.vmmig.transport.PackageUpload;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * An upload's stages, its seal, and the reason why it was aborted; a store supplies what each stage does. One thread writes, and any may
 * abort.
 *
 * @param <T> what the sealed bytes are written to
 */
public abstract class StagedUpload<T extends OutputStream> implements PackageUpload {
    private enum Stage {
        OPENED,
        WRITING,
        FINISHED,
        /** From here on the package may be in the store. */
        PUBLISHED,
        ABORTED
    }

    private static final int BUFFER_BYTES = 256 << 10;

    private final String name;
    private final PackageSealing sealing;
    private final List<PackageReader.Outline> earlier;
    private final OutputStream data = new BufferedOutputStream(new Target(), BUFFER_BYTES);

    private final Object lock = new Object();
    private Stage stage = Stage.OPENED;
    private @Nullable UUID packageId;
    private @Nullable T target;
    private @Nullable SealingOutputStream sealed;
    private @Nullable VmmigException reason;

    /**
     * Nothing is written yet.
     *
     * @param name the package's name, for messages
     * @param earlier what the package may be based on; if it is empty, the package is complete in itself
     */
    protected StagedUpload(String name, PackageSealing sealing, List<PackageReader.Outline> earlier) {
        this.name = name;
        this.sealing = sealing;
        this.earlier = List.copyOf(earlier);
    }

    /** Opens what is written to; called under the lock of {@link #abort}. */
    protected abstract T open(UUID id) throws IOException, VmmigException;

    /** Brings all that was written to the store, where it is not yet a package. */
    protected abstract void complete(T written) throws IOException, VmmigException;

    /**
     * Makes it a package.
     *
     * @throws VmmigException with {@link Problem#OUTCOME_UNKNOWN} if it may be one all the same
     */
    protected abstract void publish(UUID id, T written, HandOverJournal journal) throws VmmigException;

    /** Releases what was opened; called once, unless the package was published. */
    protected abstract void aborted(@Nullable T open);

    /** What a failure to write means, unless the upload was aborted. */
    protected abstract VmmigException explained(IOException e);

    /** Refuses a package that is complete in itself and would not fit. */
    protected void requireRoom(Manifest manifest) throws VmmigException {}

    @Override
    public final Acceptance begin(Manifest manifest) throws VmmigException {
        requireEarlier(manifest);
        if (earlier.isEmpty()) {
            requireRoom(manifest);
        }
        try {
            synchronized (lock) {
                advance(Stage.OPENED, Stage.WRITING);
                packageId = manifest.packageId();
                target = open(packageId);
            }
            SealingOutputStream begun = sealing.begin(data);
            synchronized (lock) {
                sealed = begun;
            }
        } catch (IOException e) {
            throw failure(e);
        }
        return new Acceptance(held(), references(manifest));
    }

    /** Otherwise a package that should be small would be large, and nobody would notice. */
    private void requireEarlier(Manifest manifest) throws VmmigException {
        Set<Manifest.Reference> named = earlierPackages().collect(Collectors.toSet());
        if (!named.isEmpty() && manifest.references().stream().noneMatch(named::contains)) {
            throw VmmigException.of(
                    Problem.REFERENCE_MISSING,
                    "the package " + name
                            + " cannot be based on the earlier ones, of which this host has cached none any more",
                    "Cache the last of them again, with state.images().references().addPackage(…), and set a quota for cached"
                            + " packages; or omit upon(…), for a package that is complete in itself.");
        }
    }

    private Stream<Manifest.Reference> earlierPackages() {
        return earlier.stream().map(outline -> new Manifest.Reference(Manifest.Reference.Kind.PACKAGE, outline.seal()));
    }

    /** Kernels and ramdisks in the earlier packages. */
    private Set<String> held() {
        return earlier.stream()
                .flatMap(outline -> outline.bootFiles().stream())
                .map(Digest::toString)
                .collect(Collectors.toSet());
    }

    /**
     * Base images, which the restoring host needs anyway; kernel and ramdisk, which are in this package or an earlier one; and the earlier
     * packages.
     */
    private Set<Manifest.Reference> references(Manifest manifest) {
        return Stream.of(manifest.baseReferences().stream(), manifest.bootReferences().stream(), earlierPackages())
                .flatMap(references -> references)
                .collect(Collectors.toSet());
    }

    @Override
    public final OutputStream packageStream() {
        synchronized (lock) {
            return sealed == null ? data : sealed;
        }
    }

    @Override
    public final Set<String> recipients() {
        return sealing.fingerprints();
    }

    @Override
    public final void finish() throws VmmigException {
        try {
            if (packageStream() instanceof SealingOutputStream open) {
                open.finish();
            }
            data.flush();
            complete(writable());
        } catch (IOException e) {
            throw failure(e);
        } catch (VmmigException e) {
            VmmigException ended = reason();
            throw ended == null ? e : ended;
        }
        advance(Stage.WRITING, Stage.FINISHED);
    }

    @Override
    public final void publish(HandOverJournal journal) throws VmmigException {
        advance(Stage.FINISHED, Stage.PUBLISHED);
        try {
            publish(Objects.requireNonNull(packageId), Objects.requireNonNull(target), journal);
        } catch (VmmigException e) {
            if (e.problem() != Problem.OUTCOME_UNKNOWN) {
                synchronized (lock) {
                    stage = Stage.ABORTED;
                }
            }
            throw e;
        }
    }

    @Override
    public final void abort(@Nullable Failure told) {
        T open;
        synchronized (lock) {
            if (isPublished() || stage == Stage.ABORTED) {
                return;
            }
            stage = Stage.ABORTED;
            reason = told == null
                    ? VmmigException.of(Problem.CANCELLED, "the upload was aborted", "")
                    : VmmigException.of(told, null);
            open = target;
        }
        aborted(open);
    }

    @Override
    public void close() {
        abort(null);
    }

    /** Whether the package may be in the store. */
    protected final boolean isPublished() {
        synchronized (lock) {
            return stage == Stage.PUBLISHED;
        }
    }

    private void advance(Stage from, Stage to) throws VmmigException {
        synchronized (lock) {
            VmmigException ended = reason();
            if (ended != null) {
                throw ended;
            }
            if (stage != from) {
                throw new IllegalStateException("not " + to + " after " + stage);
            }
            stage = to;
        }
    }

    /** Why the upload was aborted; null if it was not. */
    private @Nullable VmmigException reason() {
        synchronized (lock) {
            return reason == null ? null : VmmigException.of(reason.failure(), reason);
        }
    }

    private VmmigException failure(IOException e) {
        VmmigException ended = reason();
        return ended == null ? explained(e) : ended;
    }

    private T writable() throws IOException {
        synchronized (lock) {
            VmmigException ended = reason();
            if (ended != null) {
                throw new IOException(ended.getMessage(), ended);
            }
            if (stage != Stage.WRITING) {
                throw new IllegalStateException("the package is written between begin and finish, not now: " + stage);
            }
            return Objects.requireNonNull(target);
        }
    }

    /** Asks for the target each time, since the upload may have been aborted; closing does nothing. */
    private final class Target extends BlockOutput {
        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            T out = writable();
            try {
                out.write(bytes, offset, length);
            } catch (IOException e) {
                VmmigException why = failure(e);
                throw new IOException(why.getMessage(), why);
            }
        }
    }
}
