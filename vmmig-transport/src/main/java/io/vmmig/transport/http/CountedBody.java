// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import java.io.IOException;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/** A request's body that counts how much of it was sent, and of which nothing more is sent once it is abandoned. */
final class CountedBody implements BodyPublisher, AutoCloseable {
    private final BodyPublisher body;
    private final TransferProgress pulse;
    private final Delivery delivery;
    private volatile boolean abandoned;

    CountedBody(byte[] content, int length, TransferProgress pulse, Delivery delivery) {
        this.delivery = delivery;
        // What it passes on are copies that were made right before.
        this.body = BodyPublishers.ofByteArray(content, 0, length);
        this.pulse = pulse;
    }

    /** From now on the content may be changed. */
    @Override
    public void close() {
        abandoned = true;
    }

    @Override
    public long contentLength() {
        return body.contentLength();
    }

    @Override
    public void subscribe(Flow.Subscriber<? super ByteBuffer> taker) {
        delivery.begun();
        body.subscribe(new Counting(taker));
    }

    private final class Counting implements Flow.Subscriber<ByteBuffer> {
        private final Flow.Subscriber<? super ByteBuffer> taker;
        private Flow.@Nullable Subscription subscription;

        Counting(Flow.Subscriber<? super ByteBuffer> taker) {
            this.taker = taker;
        }

        @Override
        public void onSubscribe(Flow.Subscription begun) {
            subscription = begun;
            taker.onSubscribe(begun);
        }

        @Override
        public void onNext(ByteBuffer buffer) {
            if (abandoned) {
                Objects.requireNonNull(subscription).cancel();
                taker.onError(new IOException("the request was aborted"));
                return;
            }
            pulse.moved(buffer.remaining());
            taker.onNext(buffer);
        }

        @Override
        public void onError(Throwable why) {
            taker.onError(why);
        }

        @Override
        public void onComplete() {
            taker.onComplete();
        }
    }
}
