// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.content.Digest;
import io.vmmig.error.Failure;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.files.PrivateFiles;
import io.vmmig.sparse.BlockInput;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a package that is sent or received to a file of the cache. Errors of that file do not affect the package, unless the file is {@linkplain
 * #required required}. Closing without
 * {@link #finish} caches nothing. Thread-safe.
 */
public final class PackageCaching implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PackageCaching.class);
    /** The JVM copies what it writes, and a part of this size stays in the processor's cache meanwhile. */
    private static final int PART_BYTES = 256 << 10;

    private static final long SPACE_CHECK_BYTES = 64 << 20;

    /** The guest's disks, which are written at the same time, and everything else on that file system take precedence. */
    private static final long MOST_LEFT_FREE = 1L << 30;

    private static final int PART_LEFT_FREE = 20;

    private @Nullable Recording recording;
    private Failure failure;
    private boolean required;

    /** Caches nothing, and says why. */
    PackageCaching(Failure why) {
        this.failure = why;
    }

    /**
     * Caches a package.
     *
     * @param file an empty file that this owns
     * @param limit the maximum length of the package, in bytes
     */
    PackageCaching(Path file, PackageCache packages, long limit) throws IOException {
        this.recording = new Recording(file, packages, limit);
        this.failure = Failure.of(Problem.FILE_FAILED, "the package was not finished", "");
    }

    /** Makes the streams fail once the package cannot be cached any more, since it would be useless. */
    public synchronized PackageCaching required() {
        required = true;
        return this;
    }

    /** A stream that copies everything to {@code target}. */
    public OutputStream passingTo(OutputStream target) {
        return new FilterOutputStream(target) {
            @Override
            public void write(int value) throws IOException {
                write(new byte[] {(byte) value}, 0, 1);
            }

            @Override
            public void write(byte[] buffer, int offset, int length) throws IOException {
                out.write(buffer, offset, length);
                record(buffer, offset, length);
            }

            @Override
            public void close() throws IOException {
                out.close();
            }
        };
    }

    /** A stream that returns everything from {@code source}. */
    public InputStream passingFrom(InputStream source) {
        return new BlockInput() {
            @Override
            public int read(byte[] buffer, int offset, int length) throws IOException {
                int read = source.read(buffer, offset, length);
                if (read > 0) {
                    record(buffer, offset, read);
                }
                return read;
            }

            @Override
            public int available() throws IOException {
                return source.available();
            }

            @Override
            public void close() throws IOException {
                source.close();
            }
        };
    }

    private synchronized void record(byte[] buffer, int offset, int length) throws IOException {
        if (recording != null) {
            try {
                recording.write(buffer, offset, length);
            } catch (IOException e) {
                giveUp(e);
            }
        }
        if (recording == null && required) {
            throw new IOException(failure.what(), VmmigException.of(failure, null));
        }
    }

    private void giveUp(IOException why) {
        failure = VmmigException.from(
                        why,
                        Problem.FILE_FAILED,
                        "the package could not be cached",
                        "Check the directory and its disk.")
                .failure();
        LOG.warn("{}, so the next one will be larger", failure.what());
        close();
    }

    /**
     * Caches the package, which is complete and verified, and syncs it to the disk; that may take seconds. Never throws.
     *
     * @return whether it is cached; if not, the log says why
     */
    public synchronized boolean finish(Digest seal) {
        if (recording == null) {
            return false;
        }
        try {
            recording.finish(seal);
            recording = null;
            return true;
        } catch (IOException e) {
            giveUp(e);
        } catch (RuntimeException e) {
            giveUp(new IOException(e));
        }
        return false;
    }

    /**
     * As {@link #finish}, for a package that is useless unless it is cached.
     *
     * @throws VmmigException if it is not cached
     */
    public synchronized void finishOrFail(Digest seal) throws VmmigException {
        if (!finish(seal)) {
            throw VmmigException.of(failure, null);
        }
    }

    @Override
    public synchronized void close() {
        if (recording != null) {
            recording.discard();
            recording = null;
        }
    }

    /** The file, while it is written. For one thread at a time. */
    private static final class Recording {
        private final Path file;
        private final PackageCache packages;
        private final long limit;
        private final FileStore store;
        private final long leftFree;
        private final FileOutputStream out;
        private long bytes;
        private long nextCheck;

        Recording(Path file, PackageCache packages, long limit) throws IOException {
            this.file = file;
            this.packages = packages;
            this.limit = limit;
            this.store = Files.getFileStore(file);
            this.leftFree = Math.min(MOST_LEFT_FREE, store.getTotalSpace() / PART_LEFT_FREE);
            this.out = new FileOutputStream(file.toFile());
        }

        void write(byte[] buffer, int offset, int length) throws IOException {
            bytes += length;
            if (bytes > limit) {
                throw refusal("it has more than the " + limit + " bytes of the package cache");
            }
            if (bytes > nextCheck) {
                long left = store.getUsableSpace() - leftFree;
                if (left < 0) {
                    throw refusal("less than " + leftFree + " bytes are free beside " + file);
                }
                nextCheck = bytes + Math.min(SPACE_CHECK_BYTES, left / 2);
            }
            for (int done = 0; done < length; done += PART_BYTES) {
                out.write(buffer, offset + done, Math.min(PART_BYTES, length - done));
            }
        }

        void finish(Digest seal) throws IOException {
            out.getFD().sync();
            out.close();
            if (!packages.keep(file, seal)) {
                throw refusal(
                        "it and those that it refers to have more than the " + limit + " bytes of the package cache");
            }
        }

        private static IOException refusal(String why) {
            VmmigException refusal = VmmigException.of(
                    Problem.DISK_FULL,
                    "the package is not cached: " + why,
                    "Raise the quota with PackageCache.quota, or free some space.");
            return new IOException(refusal.getMessage(), refusal);
        }

        void discard() {
            try {
                out.close();
            } catch (IOException e) {
                LOG.debug("{} could not be closed", file, e);
            }
            PrivateFiles.deleteOrWarn(file);
        }
    }
}
