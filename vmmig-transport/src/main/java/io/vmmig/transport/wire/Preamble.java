// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The first bytes of either side: {@code vmmig} and the protocol's version, as a big-endian u16. */
public final class Preamble {
    /** The version of the protocol that this vmmig speaks. */
    public static final int VERSION = 2;

    private static final byte[] MAGIC = "vmmig".getBytes(StandardCharsets.US_ASCII);

    private Preamble() {}

    /** Sends ours. */
    public static void write(OutputStream out) throws IOException {
        byte[] bytes = Arrays.copyOf(MAGIC, MAGIC.length + 2);
        bytes[MAGIC.length] = (byte) (VERSION >> 8);
        bytes[MAGIC.length + 1] = (byte) VERSION;
        out.write(bytes);
        out.flush();
    }

    /**
     * The peer's version.
     *
     * @throws TransportException when the peer does not speak vmmig at all
     */
    public static int read(InputStream in) throws IOException, TransportException {
        byte[] bytes = in.readNBytes(MAGIC.length + 2);
        if (bytes.length > 0 && !Arrays.equals(MAGIC, Arrays.copyOf(bytes, Math.min(bytes.length, MAGIC.length)))) {
            throw new TransportException(
                    Problem.PROTOCOL_MISMATCH,
                    "the peer does not speak the protocol of vmmig",
                    "Check the address and the port.");
        }
        if (bytes.length < MAGIC.length + 2) {
            throw new EOFException("the peer closed the connection before it named its protocol");
        }
        return (bytes[MAGIC.length] & 0xff) << 8 | bytes[MAGIC.length + 1] & 0xff;
    }

    /** Checks that both sides use the same version. */
    public static void check(int theirs) throws TransportException {
        if (theirs != VERSION) {
            throw new TransportException(
                    Problem.PROTOCOL_MISMATCH,
                    "the peer speaks version " + theirs + " of the protocol, this host version " + VERSION,
                    "Install the same release of vmmig on both hosts.");
        }
    }
}
