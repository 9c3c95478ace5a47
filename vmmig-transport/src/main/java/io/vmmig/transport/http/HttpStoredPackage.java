// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.error.VmmigException;
import io.vmmig.transport.StoredPackage;
import io.vmmig.transport.stored.PackageSealing;
import io.vmmig.transport.stored.UntilClosed;
import io.vmmig.transport.wire.LazyDecryptingInputStream;
import java.io.BufferedInputStream;
import java.io.InputStream;

/** A package that is being fetched from a server. Fetched parts stay in the spool for another attempt, unless that could not use them. */
final class HttpStoredPackage implements StoredPackage {
    private static final int BUFFER_BYTES = 256 << 10;

    private final String description;
    private final RetryingHttpClient client;
    private final Spool spool;
    private final PartDownload download;
    private final PackageSealing sealing;
    private final ReceiptWriter receipt;
    private volatile boolean spoolIsOfUse = true;
    private volatile boolean closed;

    HttpStoredPackage(
            String description,
            RetryingHttpClient client,
            Spool spool,
            PartDownload download,
            PackageSealing sealing,
            ReceiptWriter receipt) {
        this.description = description;
        this.client = client;
        this.spool = spool;
        this.download = download;
        this.sealing = sealing;
        this.receipt = receipt;
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public InputStream packageStream() {
        InputStream stored = new BufferedInputStream(new UntilClosed(download.open(), () -> closed), BUFFER_BYTES);
        return new LazyDecryptingInputStream(stored, content -> sealing.opened(content, description));
    }

    @Override
    public void taken() throws VmmigException {
        spoolIsOfUse = false;
        receipt.taken();
    }

    @Override
    public void takenAsCopy() {
        spoolIsOfUse = false;
    }

    @Override
    public void rejected() {
        spoolIsOfUse = false;
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        client.close();
        download.close();
        if (!spoolIsOfUse) {
            spool.discard();
        }
        spool.close();
    }
}
