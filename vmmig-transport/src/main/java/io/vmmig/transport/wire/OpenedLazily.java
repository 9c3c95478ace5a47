// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** A package that may be sealed, which is looked at when it is read. For one thread. */
public final class OpenedLazily extends InputStream {
    private final InputStream content;
    private final Opening opening;
    private @Nullable InputStream opened;

    /** Opens a package, or finds it open. */
    public interface Opening {
        /** The package in the clear. */
        InputStream open(InputStream content) throws IOException, VmmigException;
    }

    /** Of what is read from {@code content}. */
    public OpenedLazily(InputStream content, Opening opening) {
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
