// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;

/** Brings some bytes and then breaks, and takes some bytes and then breaks. */
final class FakeConnection implements Connection {
    private final byte[] brings;
    private final boolean endsInPeace;
    final ByteArrayOutputStream taken = new ByteArrayOutputStream();
    private int brought;
    volatile boolean cut;
    int takesAtMost = Integer.MAX_VALUE;
    boolean outputEnded;

    FakeConnection(byte[] brings, boolean endsInPeace) {
        this.brings = brings;
        this.endsInPeace = endsInPeace;
    }

    static FakeConnection broken() {
        return new FakeConnection(new byte[0], false);
    }

    @Override
    public InputStream input() {
        return new InputStream() {
            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] target, int offset, int length) throws IOException {
                if (length == 0) {
                    return 0;
                }
                int n = Math.min(length, brings.length - brought);
                if (cut || (n == 0 && !endsInPeace)) {
                    throw new IOException("it broke");
                }
                if (n == 0) {
                    return -1;
                }
                System.arraycopy(brings, brought, target, offset, n);
                brought += n;
                return n;
            }
        };
    }

    @Override
    public OutputStream output() {
        return new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                write(new byte[] {(byte) b}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                int n = Math.min(length, takesAtMost - taken.size());
                taken.write(bytes, offset, n);
                if (n < length || cut) {
                    throw new IOException("it broke");
                }
            }
        };
    }

    @Override
    public void readTimeout(Duration timeout) {}

    @Override
    public void endOutput() {
        outputEnded = true;
    }

    @Override
    public void cut() {
        cut = true;
    }

    @Override
    public boolean isCut() {
        return cut;
    }
}
