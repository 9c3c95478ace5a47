// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.content.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.List;
import java.util.Locale;

/** A program of its own, so that it can be given a small heap: writes a large package to a file, and reads it again. */
final class BigPackage {
    static final long BYTES = 512L << 20;

    private BigPackage() {}

    public static void main(String[] args) throws Exception {
        Path file = Path.of(args[0]);
        byte[] memory = Packages.memory(24 << 20, 42);
        MessageDigest sha256 = Digest.newSha256();

        long begun = System.nanoTime();
        PackageSummary written;
        try (OutputStream out = Files.newOutputStream(file);
                PackageWriter writer = PackageWriter.to(out, Manifests.of(List.of()))) {
            writer.writeDomain("<domain/>", null);
            writer.writeSnapshot(new Repeated(memory, BYTES));
            written = writer.finish();
        }
        print("written", begun, written);

        begun = System.nanoTime();
        Digest read;
        try (InputStream in = Files.newInputStream(file);
                PackageReader reader = PackageReader.from(in, PackageLimits.DEFAULT)) {
            reader.next();
            PackageReader.Entry.Snapshot snapshot = (PackageReader.Entry.Snapshot) reader.next();
            snapshot.stream().transferTo(new DigestOutputStream(OutputStream.nullOutputStream(), sha256));
            read = Digest.of(sha256);
            reader.next();
            print("read", begun, reader.verify());
        }

        new Repeated(memory, BYTES).transferTo(new DigestOutputStream(OutputStream.nullOutputStream(), sha256));
        if (!read.equals(Digest.of(sha256))) {
            throw new AssertionError("what was read is not what was written");
        }
        System.out.println("whole");
    }

    private static void print(String what, long begun, PackageSummary summary) {
        double seconds = (System.nanoTime() - begun) / 1e9;
        System.out.printf(
                Locale.ROOT,
                "%s: %.0f MB/s, %.1f MB become %.1f MB%n",
                what,
                BYTES / seconds / 1e6,
                BYTES / 1e6,
                summary.bytes() / 1e6);
    }

    /** A pattern over and over, each time a little different. */
    private static final class Repeated extends InputStream {
        private final byte[] pattern;
        private long left;
        private int position;

        Repeated(byte[] pattern, long length) {
            this.pattern = pattern;
            this.left = length;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) {
            if (left == 0) {
                return -1;
            }
            int count = (int) Math.min(Math.min(length, pattern.length - position), left);
            System.arraycopy(pattern, position, buffer, offset, count);
            position = (position + count) % pattern.length;
            left -= count;
            return count;
        }
    }
}
