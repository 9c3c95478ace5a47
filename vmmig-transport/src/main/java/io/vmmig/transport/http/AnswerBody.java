// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import java.io.IOException;
import java.io.OutputStream;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/** The body of an answer, of which no more is taken than was asked for: then the connection is closed. */
final class AnswerBody implements BodySubscriber<AnswerBody> {
    private static final int MAX_WORDS_BYTES = 64 << 10;

    /** What could not be written here, rather than be read from there. */
    static final class LocalFailure extends IOException {
        private static final long serialVersionUID = 1;

        LocalFailure(IOException cause) {
            super(cause.getMessage(), cause);
        }
    }

    private final OutputStream sink;
    private final long limit;
    private final Pulse pulse;
    private final CompletableFuture<AnswerBody> done = new CompletableFuture<>();
    private Flow.@Nullable Subscription subscription;
    private long taken;
    private volatile boolean tooLong;
    private boolean abandoned;

    AnswerBody(OutputStream sink, long limit, Pulse pulse) {
        this.sink = sink;
        this.limit = limit;
        this.pulse = pulse;
    }

    /** What nobody reads, such as the words of an error. */
    static AnswerBody ignored() {
        return new AnswerBody(OutputStream.nullOutputStream(), MAX_WORDS_BYTES, new Pulse());
    }

    /** Whether there was more of it than the limit. */
    boolean tooLong() {
        return tooLong;
    }

    @Override
    public CompletionStage<AnswerBody> getBody() {
        return done;
    }

    @Override
    public void onSubscribe(Flow.Subscription begun) {
        subscription = begun;
        begun.request(1);
    }

    @Override
    public synchronized void onNext(List<ByteBuffer> buffers) {
        Flow.Subscription open = Objects.requireNonNull(subscription);
        if (abandoned) {
            open.cancel();
            return;
        }
        try {
            for (ByteBuffer buffer : buffers) {
                byte[] bytes = new byte[(int) Math.min(buffer.remaining(), limit - taken)];
                tooLong |= bytes.length < buffer.remaining();
                buffer.get(bytes);
                sink.write(bytes);
                taken += bytes.length;
                pulse.moved(bytes.length);
            }
        } catch (IOException e) {
            end(open);
            done.completeExceptionally(new LocalFailure(e));
            return;
        }
        if (tooLong) {
            end(open);
            done.complete(this);
        } else {
            open.request(1);
        }
    }

    private void end(Flow.Subscription open) {
        open.cancel();
        closeSink();
    }

    /** Writes nothing any more, whatever may still come. */
    synchronized void abandon() {
        abandoned = true;
        closeSink();
    }

    private void closeSink() {
        try {
            sink.close();
        } catch (IOException e) {
            done.completeExceptionally(new LocalFailure(e));
        }
    }

    @Override
    public void onError(Throwable why) {
        closeSink();
        done.completeExceptionally(why);
    }

    @Override
    public void onComplete() {
        closeSink();
        done.complete(this);
    }
}
