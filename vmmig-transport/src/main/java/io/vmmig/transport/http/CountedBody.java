// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import java.net.http.HttpRequest.BodyPublisher;
import java.nio.ByteBuffer;
import java.util.concurrent.Flow;

/** A request's body that tells how much of it has gone. */
record CountedBody(BodyPublisher body, Pulse pulse) implements BodyPublisher {
    @Override
    public long contentLength() {
        return body.contentLength();
    }

    @Override
    public void subscribe(Flow.Subscriber<? super ByteBuffer> taker) {
        body.subscribe(new Flow.Subscriber<>() {
            @Override
            public void onSubscribe(Flow.Subscription subscription) {
                taker.onSubscribe(subscription);
            }

            @Override
            public void onNext(ByteBuffer buffer) {
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
        });
    }
}
