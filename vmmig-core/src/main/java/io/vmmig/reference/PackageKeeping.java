// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.Digest;
import java.io.BufferedOutputStream;
import java.io.FileOutputStream;
import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A package that is written to a file as it passes. What goes wrong with that file never disturbs the package. Closing without
 * {@link #finish} keeps nothing. Thread-safe.
 */
public final class PackageKeeping implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PackageKeeping.class);
    private static final int BUFFER_BYTES = 256 << 10;

    private final @Nullable Path file;
    private final @Nullable KeptPackages packages;
    private @Nullable OutputStream out;

    private PackageKeeping(@Nullable Path file, @Nullable KeptPackages packages, @Nullable OutputStream out) {
        this.file = file;
        this.packages = packages;
        this.out = out;
    }

    /** Keeps nothing. */
    public static PackageKeeping nothing() {
        return new PackageKeeping(null, null, null);
    }

    static PackageKeeping in(Path file, KeptPackages packages) throws IOException {
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        return new PackageKeeping(
                file, packages, new BufferedOutputStream(new FileOutputStream(file.toFile()), BUFFER_BYTES));
    }

    /** A stream that passes everything on to {@code target}. */
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

    /** A stream that passes everything on from {@code source}. */
    public InputStream passingFrom(InputStream source) {
        return new FilterInputStream(source) {
            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] buffer, int offset, int length) throws IOException {
                int read = in.read(buffer, offset, length);
                if (read > 0) {
                    record(buffer, offset, read);
                }
                return read;
            }
        };
    }

    private synchronized void record(byte[] buffer, int offset, int length) {
        OutputStream open = out;
        if (open != null) {
            try {
                open.write(buffer, offset, length);
            } catch (IOException e) {
                giveUp(e);
            }
        }
    }

    private void giveUp(IOException why) {
        LOG.warn("the package could not be kept, so the next one will be larger: {}", why.getMessage());
        close();
    }

    /** Keeps the package, which is complete and verified. */
    public synchronized void finish(Digest seal) {
        OutputStream open = out;
        if (open == null || file == null || packages == null) {
            return;
        }
        try {
            open.close();
            packages.keep(file, seal);
            out = null;
        } catch (IOException e) {
            giveUp(e);
        }
    }

    @Override
    public synchronized void close() {
        OutputStream open = out;
        out = null;
        if (open == null || file == null) {
            return;
        }
        try {
            open.close();
        } catch (IOException e) {
            LOG.debug("{} could not be closed", file, e);
        }
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.warn("{} could not be removed", file, e);
        }
    }
}
