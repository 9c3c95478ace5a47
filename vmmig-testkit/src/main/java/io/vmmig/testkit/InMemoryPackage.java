// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import io.vmmig.bundle.Manifest;
import io.vmmig.error.Failure;
import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import io.vmmig.error.VmmigException;
import io.vmmig.sparse.BlockOutput;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.HandOverJournal;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.PackageStore;
import io.vmmig.transport.PackageUpload;
import io.vmmig.transport.StoredPackage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A place for one package, in memory; it is its own lock. Thread-safe. */
public final class InMemoryPackage implements PackageStore {
    private final Set<UUID> givenUp = new HashSet<>();
    private byte @Nullable [] content;
    private @Nullable UUID packageId;

    /** A place with no package yet. */
    public InMemoryPackage() {}

    /** The package of these bytes, whatever they are. */
    public InMemoryPackage(byte[] content) {
        this.content = content.clone();
    }

    @Override
    public String description() {
        return "a package in memory";
    }

    @Override
    public Optional<String> address() {
        return Optional.of("memory package");
    }

    @Override
    public synchronized Outcome outcomeOf(UUID id, HandOverJournal journal) {
        if (id.equals(packageId)) {
            return Outcome.TAKEN;
        }
        givenUp.add(id);
        return Outcome.NOT_TAKEN;
    }

    @Override
    public synchronized PackageUpload put() throws VmmigException {
        if (content != null) {
            throw failed("there is a package in memory already");
        }
        return new Upload();
    }

    @Override
    public synchronized StoredPackage open() throws VmmigException {
        if (content == null) {
            throw failed("there is no package in memory");
        }
        return new Stored(content);
    }

    private static TransportException failed(String what) {
        return new TransportException(Problem.FILE_FAILED, what, "");
    }

    private final class Stored implements StoredPackage {
        private final byte[] bytes;
        private volatile boolean closed;

        Stored(byte[] bytes) {
            this.bytes = bytes;
        }

        @Override
        public String description() {
            return InMemoryPackage.this.description();
        }

        @Override
        public InputStream packageStream() {
            return new FilterInputStream(new ByteArrayInputStream(bytes)) {
                @Override
                public int read() throws IOException {
                    requireOpen();
                    return super.read();
                }

                @Override
                public int read(byte[] target, int offset, int length) throws IOException {
                    requireOpen();
                    return super.read(target, offset, length);
                }
            };
        }

        private void requireOpen() throws IOException {
            if (closed) {
                throw new IOException(failed("the package in memory was closed"));
            }
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    private enum Stage {
        OPENED,
        WRITING,
        FINISHED,
        PUBLISHED
    }

    private final class Upload extends BlockOutput implements PackageUpload {
        private final ByteArrayOutputStream written = new ByteArrayOutputStream();
        private Stage stage = Stage.OPENED;
        private @Nullable UUID id;
        private @Nullable Failure aborted;

        @Override
        public Acceptance begin(Manifest manifest) throws VmmigException {
            advance(Stage.OPENED, Stage.WRITING);
            id = manifest.packageId();
            Set<Manifest.Reference> references = new HashSet<>(manifest.baseReferences());
            references.addAll(manifest.bootReferences());
            return new Acceptance(Set.of(), references);
        }

        @Override
        public OutputStream packageStream() {
            return this;
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            try {
                advance(Stage.WRITING, Stage.WRITING);
            } catch (VmmigException e) {
                throw new IOException(e.getMessage(), e);
            }
            written.write(bytes, offset, length);
        }

        @Override
        public void finish() throws VmmigException {
            advance(Stage.WRITING, Stage.FINISHED);
        }

        @Override
        public void publish(HandOverJournal journal) throws VmmigException {
            synchronized (InMemoryPackage.this) {
                advance(Stage.FINISHED, Stage.PUBLISHED);
                if (content != null || givenUp.contains(id)) {
                    throw failed("there is another package in memory, or this one was given up");
                }
                content = written.toByteArray();
                packageId = id;
            }
        }

        @Override
        public void abort(@Nullable Failure reason) {
            synchronized (InMemoryPackage.this) {
                if (stage != Stage.PUBLISHED && aborted == null) {
                    aborted = reason == null ? Failure.of(Problem.CANCELLED, "the package was given up", "") : reason;
                }
            }
        }

        /** Of the upload; of its stream, which the caller does not close. */
        @Override
        public void close() {
            abort(null);
        }

        private void advance(Stage from, Stage to) throws VmmigException {
            synchronized (InMemoryPackage.this) {
                if (aborted != null) {
                    throw VmmigException.of(aborted, null);
                }
                if (stage != from) {
                    throw new IllegalStateException("not " + to + " after " + stage);
                }
                stage = to;
            }
        }
    }
}
