// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.NodeCard;
import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import io.vmmig.error.VmmigException;
import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the introductions of strangers and hands their cards on, one after the other, in a thread of its own. Everybody may
 * come, so how often is bounded, and how many may wait until somebody has looked at their cards. Thread-safe.
 */
final class Reception implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Reception.class);
    /** Cards that nobody has looked at yet. */
    static final int MAX_WAITING = 16;

    private static final int BURST = 32;
    private static final Duration INTERVAL = Duration.ofSeconds(1);

    private final HostIdentity self;
    private final NodeCard ours;
    private final Consumer<Introduction> strangers;
    private final RateLimit rate = new RateLimit(BURST, INTERVAL, System::nanoTime);
    private final Semaphore places = new Semaphore(MAX_WAITING);
    private final ThreadPoolExecutor teller;

    Reception(HostIdentity self, NodeCard ours, Consumer<Introduction> strangers) {
        this.self = self;
        this.ours = ours;
        this.strangers = strangers;
        // Never more than MAX_WAITING, of which `places` takes care.
        this.teller = new ThreadPoolExecutor(1, 1, 5, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), work -> {
            Thread thread = new Thread(work, "vmmig-introductions");
            thread.setDaemon(true);
            return thread;
        });
        teller.allowCoreThreadTimeOut(true);
        teller.setRejectedExecutionHandler((work, closed) -> LOG.debug("introduced when the listener was closing"));
    }

    /** Shows and sees cards, within {@code timeout}; closes the connection. */
    void welcome(TlsConnection connection, String peer, Duration timeout) throws VmmigException {
        CardExchange exchange = new CardExchange(connection, peer, self, ours);
        boolean[] entered = new boolean[1];
        boolean told = false;
        try {
            Introduction introduction = exchange.within(timeout, () -> {
                if (!rate.tryOne()) {
                    throw busy("has had too many introductions just now");
                }
                entered[0] = places.tryAcquire();
                if (!entered[0]) {
                    throw busy("has too many introductions to look at");
                }
                return exchange.answer();
            });
            teller.execute(() -> tell(introduction));
            told = true;
        } finally {
            if (entered[0] && !told) {
                places.release();
            }
        }
    }

    private void tell(Introduction introduction) {
        try {
            strangers.accept(introduction);
        } catch (RuntimeException e) {
            LOG.warn("a listener for introductions failed", e);
        } finally {
            places.release();
        }
    }

    private static VmmigException busy(String why) {
        return new TransportException(
                Problem.PEER_FAILED,
                "the host that listens " + why,
                "Try again in a minute, or hand the cards of the two hosts over as files.");
    }

    /** Hands on no more cards. */
    @Override
    public void close() {
        teller.getQueue().clear();
        teller.shutdown();
    }
}
