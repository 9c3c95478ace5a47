// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.error.Problem.Family;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.still.PackageSealing;
import io.vmmig.transport.still.StillIncomingSession;
import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * Takes a guest from a package at a server. What was fetched stays in the spool for another try, until the guest runs here or the
 * package turns out to be none.
 */
final class HttpIncomingSession extends StillIncomingSession {
    private static final int BUFFER_BYTES = 256 << 10;

    private final HttpCalls calls;
    private final Spool spool;
    private final PartDownload download;
    private final ReceiptWriter receipt;
    private boolean used;
    private boolean released;

    HttpIncomingSession(
            String description,
            HttpCalls calls,
            Spool spool,
            PartDownload download,
            PackageSealing sealing,
            ReceiptWriter receipt) {
        super(description, sealing);
        this.calls = calls;
        this.spool = spool;
        this.download = download;
        this.receipt = receipt;
    }

    @Override
    protected InputStream stored() {
        return new BufferedInputStream(new UntilEnded(download.open()), BUFFER_BYTES);
    }

    @Override
    public void resumed() throws VmmigException {
        resumedAsCopy();
        receipt.taken();
    }

    @Override
    public void resumedAsCopy() throws VmmigException {
        super.resumed();
        synchronized (this) {
            used = true;
        }
    }

    @Override
    protected synchronized void release() {
        if (released) {
            return;
        }
        released = true;
        calls.close();
        download.close();
        VmmigException why = ended();
        boolean worthless = why != null
                && (why.problem().family() == Family.INTEGRITY || why.problem().family() == Family.PACKAGE_FORMAT);
        if (used || worthless) {
            spool.discard();
        }
        spool.close();
    }

    /** Tells why nothing comes any more. */
    private final class UntilEnded extends FilterInputStream {
        UntilEnded(InputStream in) {
            super(in);
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            requireGoingOn();
            try {
                return super.read(target, offset, length);
            } catch (IOException e) {
                requireGoingOn();
                throw e;
            }
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        private void requireGoingOn() throws IOException {
            VmmigException why = ended();
            if (why != null) {
                throw new IOException(why.getMessage(), why);
            }
        }
    }
}
