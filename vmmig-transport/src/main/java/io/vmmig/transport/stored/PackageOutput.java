// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.stored;

import io.vmmig.error.VmmigException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.function.Function;

/** The bytes of a package, gathered on their way to where it is to lie. Closing only flushes: the session outlives the stream. */
public final class PackageOutput extends BufferedOutputStream {
    private static final int BUFFER_BYTES = 256 << 10;

    /** Where the bytes go; asked for each time, since it may be over meanwhile. */
    @FunctionalInterface
    public interface Place {
        /** Throws when nothing may be written now. */
        OutputStream open() throws IOException;
    }

    /** @param failure says why writing to the place has failed; thrown as the cause of an {@link IOException} */
    public PackageOutput(Place place, Function<IOException, VmmigException> failure) {
        super(new Unbuffered(place, failure), BUFFER_BYTES);
    }

    @Override
    public void close() throws IOException {
        flush();
    }

    private static final class Unbuffered extends OutputStream {
        private final Place place;
        private final Function<IOException, VmmigException> failure;

        Unbuffered(Place place, Function<IOException, VmmigException> failure) {
            this.place = place;
            this.failure = failure;
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            OutputStream out = place.open();
            try {
                out.write(bytes, offset, length);
            } catch (IOException e) {
                VmmigException why = failure.apply(e);
                throw new IOException(why.getMessage(), why);
            }
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }
    }
}
