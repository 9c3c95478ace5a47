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

/** Receives the body of a response up to a limit, and closes the connection beyond it. */
final class BoundedBodySubscriber implements BodySubscriber<BoundedBodySubscriber> {
    private static final int MAX_WORDS_BYTES = 64 << 10;

    /** An error of the local target, not of the connection. */
    static final class LocalFailure extends IOException {
        private static final long serialVersionUID = 1;

        LocalFailure(IOException cause) {
            super(cause.getMessage(), cause);
        }
    }

    private final OutputStream sink;
    private final long limit;
    private final TransferProgress pulse;
    private final CompletableFuture<BoundedBodySubscriber> done = new CompletableFuture<>();
    private Flow.@Nullable Subscription subscription;
    private long taken;
    private volatile boolean tooLong;
    private boolean abandoned;

    BoundedBodySubscriber(OutputStream sink, long limit, TransferProgress pulse) {
        this.sink = sink;
        this.limit = limit;
        this.pulse = pulse;
    }

    /** Discards the body, such as the text of an error. */
    static BoundedBodySubscriber ignored() {
        return new BoundedBodySubscriber(OutputStream.nullOutputStream(), MAX_WORDS_BYTES, new TransferProgress());
    }

    /** Whether the body exceeded the limit. */
    boolean tooLong() {
        return tooLong;
    }

    @Override
    public CompletionStage<BoundedBodySubscriber> getBody() {
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

    /** Writes nothing more, whatever still arrives. */
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
