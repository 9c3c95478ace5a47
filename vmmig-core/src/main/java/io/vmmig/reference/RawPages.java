// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.files.SharedFile;
import java.io.IOException;
import java.util.Arrays;

/**
 * The first bytes of a file.
 *
 * @param bytes how many
 */
record RawPages(SharedFile file, long bytes) implements PageContent {
    @Override
    public void read(long position, byte[] buffer, int offset, int length) throws IOException {
        int there = (int) Math.max(0, Math.min(length, bytes - position));
        if (file.read(position, buffer, offset, there) < there) {
            throw new IOException(file.path() + " has become shorter");
        }
        Arrays.fill(buffer, offset + there, offset + length, (byte) 0);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
