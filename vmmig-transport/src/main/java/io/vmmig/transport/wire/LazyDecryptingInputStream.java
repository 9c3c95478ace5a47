// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** A package that may be encrypted; detects that on the first read. For one thread. */
public final class LazyDecryptingInputStream extends InputStream {
    private final InputStream content;
    private final Opening opening;
    private @Nullable InputStream opened;

    /** Decrypts a package, or passes a plain one through. */
    public interface Opening {
        /** The decrypted package. */
        InputStream open(InputStream content) throws IOException, VmmigException;
    }

    /** Reads from {@code content}. */
    public LazyDecryptingInputStream(InputStream content, Opening opening) {
        this.content = content;
        this.opening = opening;
    }

    private InputStream opened() throws IOException {
        InputStream open = opened;
        if (open == null) {
            try {
                open = opening.open(content);
            } catch (VmmigException e) {
                throw new IOException(e.getMessage(), e);
            }
            opened = open;
        }
        return open;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        return opened().read(buffer, offset, length);
    }

    @Override
    public int read() throws IOException {
        return opened().read();
    }

    @Override
    public void close() throws IOException {
        content.close();
    }
}
