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
 * Accepts introductions from strangers and passes their cards on, one after the other, in a thread of its own. Since anyone may
 * connect, their rate is limited, and so is the number of cards that wait. Thread-safe.
 */
final class IntroductionHandler implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(IntroductionHandler.class);
    /** The maximum number of waiting cards. */
    static final int MAX_WAITING = 16;

    private static final int BURST = 32;
    private static final Duration INTERVAL = Duration.ofSeconds(1);

    private final HostIdentity self;
    private final NodeCard ours;
    private final Consumer<Introduction> strangers;
    private final RateLimit rate = new RateLimit(BURST, INTERVAL, System::nanoTime);
    private final Semaphore places = new Semaphore(MAX_WAITING);
    private final ThreadPoolExecutor teller;

    IntroductionHandler(HostIdentity self, NodeCard ours, Consumer<Introduction> strangers) {
        this.self = self;
        this.ours = ours;
        this.strangers = strangers;
        // Never more than MAX_WAITING, as `places` ensures.
        this.teller = new ThreadPoolExecutor(1, 1, 5, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), work -> {
            Thread thread = new Thread(work, "vmmig-introductions");
            thread.setDaemon(true);
            return thread;
        });
        teller.allowCoreThreadTimeOut(true);
        teller.setRejectedExecutionHandler((work, closed) -> LOG.debug("introduced when the listener was closing"));
    }

    /** Exchanges cards within {@code timeout}, and closes the connection. */
    void handle(TlsConnection connection, String peer, Duration timeout) throws VmmigException {
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
                    throw busy("has too many introductions waiting");
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
                "Try again in a minute, or exchange the cards of the two hosts as files.");
    }

    /** Stops passing cards on. */
    @Override
    public void close() {
        teller.getQueue().clear();
        teller.shutdown();
    }
}
