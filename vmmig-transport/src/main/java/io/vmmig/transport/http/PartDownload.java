// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.sparse.BlockInput;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.ResponseInfo;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Fetches parts into a spool, several at once and in order; an interrupted part resumes where it broke. What was fetched can be read any
 * number of times, also while the rest is being fetched. Thread-safe.
 */
final class PartDownload implements AutoCloseable {
    private static final int MAX_TRIES = 3;
    private static final int MAX_ETAG_CHARS = 1000;

    private final RetryingHttpClient client;
    private final PartIndex index;
    private final Spool spool;
    private final ExecutorService fetchers;
    private final AtomicInteger next = new AtomicInteger();
    /** Strong validators of parts whose transfer has begun. */
    private final Map<Integer, String> etags = new ConcurrentHashMap<>();

    private final Object lock = new Object();
    private final BitSet here = new BitSet();
    private @Nullable VmmigException failure;

    private PartDownload(RetryingHttpClient client, PartIndex index, Spool spool, int parallelism) {
        this.client = client;
        this.index = index;
        this.spool = spool;
        this.fetchers = Executors.newFixedThreadPool(parallelism, Threads.named("vmmig-http-get"));
    }

    /** Begins to fetch. The caller still owns the client and the spool. */
    static PartDownload begin(RetryingHttpClient client, PartIndex index, Spool spool, int parallelism) {
        PartDownload download = new PartDownload(client, index, spool, parallelism);
        for (int i = 0; i < Math.min(parallelism, index.parts().size()); i++) {
            download.fetchers.execute(download::fetchAll);
        }
        return download;
    }

    /**
     * Reads the index.
     *
     * @param most the largest allowed size of its parts together, in bytes
     */
    static PartIndex index(RetryingHttpClient client, String what, long most) throws VmmigException {
        byte[] content = client.get(PartIndex.NAME, PartIndex.MAX_BYTES)
                .orElseThrow(() ->
                        VmmigException.of(Problem.FILE_FAILED, "there is nothing at " + what, "Check the address."));
        PartIndex index = PartIndex.parse(content);
        if (index.bytes() > most) {
            throw VmmigException.of(
                    Problem.PACKAGE_LIMIT_EXCEEDED,
                    what + " has " + index.bytes() + " bytes, and " + most + " are allowed",
                    "Allow more with atMost(…) if that is right.");
        }
        return index;
    }

    private void fetchAll() {
        try {
            for (int i = next.getAndIncrement(); i < index.parts().size(); i = next.getAndIncrement()) {
                spool.requireSpaceFor(i);
                fetch(i);
                synchronized (lock) {
                    here.set(i);
                    lock.notifyAll();
                }
            }
        } catch (VmmigException e) {
            fail(e);
        } catch (IOException e) {
            fail(VmmigException.from(
                    e, Problem.FILE_FAILED, "the spool " + spool + " cannot be used", "Check the disk."));
        } catch (RuntimeException e) {
            fail(VmmigException.of(Problem.REQUEST_INVALID, "a request cannot be made: " + e.getClass(), ""));
        }
    }

    private void fail(VmmigException why) {
        synchronized (lock) {
            if (failure == null) {
                failure = why;
            }
            lock.notifyAll();
        }
        next.set(index.parts().size());
    }

    private void fetch(int number) throws VmmigException, IOException {
        String request = "GET of " + index.name(number);
        // A part that was in the spool before may have been damaged by a power cut.
        for (int tries = 1; ; tries++) {
            client.persist(request, true, pulse -> fetch(number, request, pulse));
            if (spool.verify(number)) {
                return;
            }
            if (tries == MAX_TRIES) {
                throw VmmigException.of(
                        Problem.DIGEST_MISMATCH,
                        index.name(number) + " does not have the digest in the index",
                        "Make the package again, and find out who writes to the server.");
            }
            etags.remove(number);
        }
    }

    private boolean fetch(int number, String request, TransferProgress pulse)
            throws VmmigException, RetryableException {
        try {
            long have = spool.length(number);
            long size = index.size(number);
            if (have == size) {
                return true;
            }
            Map<String, String> headers = new HashMap<>();
            String etag = etags.get(number);
            if (have > 0) {
                headers.put("Range", "bytes=" + have + "-" + (size - 1));
                if (etag != null) {
                    headers.put("If-Range", etag);
                }
            }
            Answer into = new Answer(number, have, pulse);
            HttpResponse<BoundedBodySubscriber> answer;
            try {
                answer = client.exchange(
                        "GET", index.name(number), headers, BodyPublishers.noBody(), into::begin, pulse);
            } finally {
                into.end();
            }
            int status = answer.statusCode();
            if (status != 200 && status != 206) {
                throw client.answers().unexpected(status, request);
            }
            if (!fits(status, answer.headers(), have, size) || answer.body().tooLong()) {
                throw client.answers().violation("answers " + request + " with a wrong range or length");
            }
            if (spool.length(number) < size) {
                throw client.answers().cut(request);
            }
            return true;
        } catch (IOException e) {
            throw VmmigException.from(
                    e, Problem.FILE_FAILED, "the spool " + spool + " cannot be used", "Check the disk.");
        }
    }

    /** One answer that is written to the spool. Once the next is requested, this one must not write any more. */
    private final class Answer {
        private final int number;
        private final long have;
        private final TransferProgress pulse;
        private boolean over;
        private @Nullable BoundedBodySubscriber body;

        Answer(int number, long have, TransferProgress pulse) {
            this.number = number;
            this.have = have;
            this.pulse = pulse;
        }

        synchronized BoundedBodySubscriber begin(ResponseInfo answer) {
            long size = index.size(number);
            boolean more = answer.statusCode() == 206;
            if (over || !fits(answer.statusCode(), answer.headers(), have, size)) {
                return BoundedBodySubscriber.ignored();
            }
            answer.headers()
                    .firstValue("ETag")
                    .filter(etag -> etag.startsWith("\"") && etag.length() < MAX_ETAG_CHARS)
                    .ifPresent(etag -> etags.put(number, etag));
            OutputStream sink;
            try {
                sink = spool.write(number, more);
            } catch (IOException e) {
                sink = new FailedSink(e);
            }
            BoundedBodySubscriber begun = new BoundedBodySubscriber(sink, more ? size - have : size, pulse);
            body = begun;
            return begun;
        }

        synchronized void end() {
            over = true;
            if (body != null) {
                body.abandon();
            }
        }
    }

    /** Whether an answer has the requested rest of a part, or all of it. */
    private static boolean fits(int status, HttpHeaders headers, long have, long size) {
        if (status == 200) {
            return headers.firstValueAsLong("Content-Length").orElse(size) == size;
        }
        return status == 206
                && have > 0
                && ContentRange.of(headers)
                        .filter(range -> range.first() == have
                                && range.last() == size - 1
                                && (range.whole() == size || range.whole() == -1))
                        .isPresent();
    }

    /** In place of a file that cannot be opened. */
    private static final class FailedSink extends OutputStream {
        private final IOException why;

        FailedSink(IOException why) {
            this.why = why;
        }

        @Override
        public void write(int b) throws IOException {
            throw why;
        }
    }

    /** All bytes from the first; waits for those that have not arrived. For one thread. */
    InputStream open() {
        InputStream parts = new Parts();
        return index.ending() == null
                ? parts
                : new SequenceInputStream(
                        parts, new ByteArrayInputStream(index.ending().bytes()));
    }

    private void await(int number) throws IOException {
        synchronized (lock) {
            while (!here.get(number)) {
                if (failure != null) {
                    throw new IOException(failure.getMessage(), failure);
                }
                try {
                    // Each request has a deadline, and closing ends them all.
                    lock.wait();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new InterruptedIOException("interrupted while waiting for the server");
                }
            }
        }
    }

    private final class Parts extends BlockInput {
        private int number;
        private @Nullable InputStream part;

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            while (number < index.parts().size()) {
                if (part == null) {
                    await(number);
                    part = spool.read(number);
                }
                int n = part.read(target, offset, length);
                if (n > 0) {
                    return n;
                }
                close();
                number++;
            }
            return -1;
        }

        @Override
        public void close() throws IOException {
            if (part != null) {
                part.close();
                part = null;
            }
        }
    }

    /** Ends the fetchers, and waits for them for 10 s at most; the client has to be closed before. */
    @Override
    public void close() {
        fail(VmmigException.of(Problem.CANCELLED, "the transfer over HTTP was aborted", ""));
        fetchers.shutdownNow();
        try {
            if (!fetchers.awaitTermination(10, TimeUnit.SECONDS)) {
                throw new IllegalStateException("cancelled requests do not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
