// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import com.sun.net.httpserver.HttpExchange;
import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Cuts a client off that keeps a thread waiting: one that moves less in a while than any link does. */
final class ClientWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ClientWatch.class);
    private static final ScheduledThreadPoolExecutor CLOCK =
            new ScheduledThreadPoolExecutor(1, Threads.named("vmmig-http-watch"));

    static {
        CLOCK.setRemoveOnCancelPolicy(true);
    }

    private final HttpExchange exchange;
    private final TransferProgress pulse = new TransferProgress();
    private @Nullable Future<?> looks;
    private long before;
    /** Whether the client is waited for, and not a disk. */
    private volatile boolean waiting;

    private ClientWatch(HttpExchange exchange) {
        this.exchange = exchange;
    }

    static ClientWatch begin(HttpExchange exchange, Duration stall) {
        ClientWatch watch = new ClientWatch(exchange);
        watch.looks = CLOCK.scheduleWithFixedDelay(watch::look, stall.toNanos(), stall.toNanos(), TimeUnit.NANOSECONDS);
        return watch;
    }

    private void look() {
        long now = pulse.bytes();
        if (waiting && now - before < TransferProgress.LEAST_BYTES) {
            LOG.info("a client of packages gets no further, and is cut off");
            // Not here: over TLS closing may have to wait for the thread that writes.
            Threads.named("vmmig-http-cut").newThread(exchange::close).start();
        }
        before = now;
    }

    InputStream watched(InputStream body) {
        return new FilterInputStream(body) {
            @Override
            public int read(byte[] target, int offset, int length) throws IOException {
                waiting = true;
                try {
                    int n = super.read(target, offset, length);
                    pulse.moved(Math.max(n, 0));
                    return n;
                } finally {
                    waiting = false;
                }
            }
        };
    }

    OutputStream watched(OutputStream body) {
        return new FilterOutputStream(body) {
            @Override
            public void write(byte[] source, int offset, int length) throws IOException {
                waiting = true;
                try {
                    out.write(source, offset, length);
                    pulse.moved(length);
                } finally {
                    waiting = false;
                }
            }
        };
    }

    @Override
    public void close() {
        if (looks != null) {
            looks.cancel(false);
        }
    }
}
