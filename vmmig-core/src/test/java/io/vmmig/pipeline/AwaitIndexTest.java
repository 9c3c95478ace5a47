// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.CancelledException;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An index may take long, and nobody may have to wait for it. */
@Timeout(20)
class AwaitIndexTest {
    private static final Duration LONG = Duration.ofMinutes(10);

    private final Cancellation cancellation = new Cancellation("source");
    private final CompletableFuture<Void> index = new CompletableFuture<>();

    private boolean await(Duration atMost) throws CancelledException {
        return Departure.awaitIndex(index.minimalCompletionStage(), "base", atMost, cancellation);
    }

    @Test
    void anIndexThatIsThereIsUsed() throws Exception {
        index.complete(null);
        assertThat(await(LONG)).isTrue();
    }

    @Test
    void oneThatCannotBeBuiltOrComesTooLateIsNot() throws Exception {
        assertThat(await(Duration.ofMillis(1))).isFalse();
        index.completeExceptionally(new CancellationException("the store was closed"));
        assertThat(await(LONG)).isFalse();
    }

    @Test
    void cancelEndsTheWait() throws Exception {
        FutureTask<Boolean> waiting = new FutureTask<>(() -> await(LONG));
        new Thread(waiting).start();
        cancellation.request();
        assertThatThrownBy(waiting::get).hasCauseInstanceOf(CancelledException.class);
        assertThat(index).isNotDone();
    }
}
