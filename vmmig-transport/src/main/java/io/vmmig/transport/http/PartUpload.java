// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.content.Digest;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.sparse.BlockOutput;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Cuts what is written into parts, and sends several at once; a write waits while the server is busy. One thread writes, and any may
 * close.
 */
final class PartUpload extends BlockOutput {
    private final RetryingHttpClient client;
    private final String id;
    private final int partBytes;
    private final boolean resuming;
    private final ExecutorService senders;
    private final Semaphore arrays;
    private final Queue<byte[]> spare = new ConcurrentLinkedQueue<>();
    private final AtomicReference<@Nullable VmmigException> failure = new AtomicReference<>();
    private final List<Digest> parts = new ArrayList<>();
    private volatile int begun;
    /** Parts that were sent without an answer, and may still arrive. */
    private final Set<Integer> unanswered = ConcurrentHashMap.newKeySet();
    /** The first part that was sent only once; above any part's number if there is none yet. */
    private final AtomicInteger pivot = new AtomicInteger(Integer.MAX_VALUE);

    private byte @Nullable [] current;
    private int filled;
    private long bytes;

    /**
     * An upload of parts whose names begin with {@code id}.
     *
     * @param resuming whether parts that the server has with the right size are not sent again
     */
    PartUpload(RetryingHttpClient client, String id, int partBytes, int parallelism, boolean resuming) {
        this.client = client;
        this.id = id;
        this.partBytes = partBytes;
        this.resuming = resuming;
        this.senders = Executors.newFixedThreadPool(parallelism, Threads.named("vmmig-http-put"));
        this.arrays = new Semaphore(parallelism + 1);
    }

    @Override
    public void write(byte[] source, int offset, int length) throws IOException {
        int done = 0;
        while (done < length) {
            byte[] part = current();
            int n = Math.min(length - done, partBytes - filled);
            System.arraycopy(source, offset + done, part, filled, n);
            filled += n;
            done += n;
            if (filled == partBytes) {
                send();
            }
        }
    }

    private byte[] current() throws IOException {
        VmmigException failed = failure.get();
        if (failed != null) {
            throw new IOException(failed.getMessage(), failed);
        }
        if (current == null) {
            try {
                arrays.acquire();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted while the server was busy");
            }
            byte[] used = spare.poll();
            current = used == null ? new byte[partBytes] : used;
        }
        return current;
    }

    private void send() throws IOException {
        byte[] part = current();
        int length = filled;
        MessageDigest sha256 = Digest.newSha256();
        sha256.update(part, 0, length);
        int number = parts.size();
        if (number == PartIndex.MAX_PARTS) {
            VmmigException tooMany = VmmigException.of(
                    Problem.REQUEST_INVALID,
                    "it takes more than " + PartIndex.MAX_PARTS + " parts of " + partBytes + " bytes",
                    "Make them larger with partBytes(…).");
            throw new IOException(tooMany.getMessage(), tooMany);
        }
        parts.add(Digest.of(sha256));
        bytes += length;
        begun = number + 1;
        current = null;
        filled = 0;
        senders.execute(() -> send(number, part, length));
    }

    private void send(int number, byte[] part, int length) {
        try {
            String name = PartIndex.partName(id, number);
            if (failure.get() == null
                    && !(resuming
                            && client.size(name).filter(size -> size == length).isPresent())) {
                Delivery delivery = new Delivery();
                unanswered.add(number);
                client.put(name, part, length, false, delivery);
                unanswered.remove(number);
                requireThere(name, length);
                if (delivery.once()) {
                    pivot.accumulateAndGet(number, Math::min);
                }
            }
        } catch (VmmigException e) {
            failure.compareAndSet(null, e);
        } catch (RuntimeException e) {
            failure.compareAndSet(
                    null, VmmigException.of(Problem.REQUEST_INVALID, "a request cannot be made: " + e.getClass(), ""));
        } finally {
            spare.add(part);
            arrays.release();
        }
    }

    /** The server's word is not enough: it must show the part. */
    private void requireThere(String name, int length) throws VmmigException {
        long there = client.size(name).orElse(-1L);
        if (there != length) {
            throw client.answers()
                    .violation("has confirmed " + name + ", but does not show " + length + " bytes of it");
        }
    }

    /**
     * A part of which no request can be in flight, so that it stays away once it is deleted; -1 if each had to be sent again. To be asked
     * after {@link #finish}.
     */
    int pivot() {
        int first = pivot.get();
        return first == Integer.MAX_VALUE ? -1 : first;
    }

    /**
     * Sends the rest, and waits until all parts are there.
     *
     * @param ending the ending of the index, or null
     */
    PartIndex finish(PartIndex.@Nullable Ending ending) throws VmmigException {
        try {
            if (filled > 0) {
                send();
            }
        } catch (IOException e) {
            throw VmmigException.from(e, Problem.CONNECTION_LOST, "the last part could not be sent", "");
        }
        senders.shutdown();
        if (!awaitSenders()) {
            throw VmmigException.of(Problem.CANCELLED, "the thread was interrupted", "");
        }
        VmmigException failed = failure.get();
        if (failed != null) {
            throw VmmigException.of(failed.failure(), failed);
        }
        return new PartIndex(id, bytes, partBytes, parts, ending);
    }

    /** Each request has a deadline. */
    private boolean awaitSenders() {
        try {
            while (!senders.awaitTermination(1, TimeUnit.MINUTES)) {
                Thread.onSpinWait();
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Parts that were sent and not confirmed. To be asked when the senders have ended. */
    Set<Integer> unanswered() {
        return Set.copyOf(unanswered);
    }

    /** How many parts may be at the server; to be asked when the senders have ended. */
    int begun() {
        return begun;
    }

    /** Ends the senders; the client has to be closed before, unless {@link #finish} has returned. */
    @Override
    public void close() {
        senders.shutdownNow();
        awaitSenders();
    }
}
