// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.file;

import io.vmmig.VmmigException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The package that a file holds. Its seal is looked at when it is read. For one thread. */
final class OpenedLazily extends InputStream {
    private final InputStream content;
    private final Path file;
    private final FileSealing sealing;
    private @Nullable InputStream opened;

    OpenedLazily(InputStream content, Path file, FileSealing sealing) {
        this.content = content;
        this.file = file;
        this.sealing = sealing;
    }

    private InputStream opened() throws IOException {
        InputStream open = opened;
        if (open == null) {
            try {
                open = sealing.opened(content, file);
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
