// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.CancelledException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class CancellationTest {
    private final Cancellation cancellation = new Cancellation("source");
    private final AtomicInteger stopped = new AtomicInteger();

    @Test
    void stopsWhatMayBlockOnceOnly() {
        cancellation.onRequest(stopped::incrementAndGet);
        assertThat(cancellation.request()).isTrue();
        assertThat(cancellation.request()).isTrue();
        assertThat(stopped).hasValue(1);
        assertThatThrownBy(cancellation::check).isInstanceOf(CancelledException.class);
    }

    @Test
    void stopsAtOnceWhatComesLater() {
        cancellation.request();
        cancellation.onRequest(stopped::incrementAndGet);
        assertThat(stopped).hasValue(1);
    }

    @Test
    void isTooLateAfterThePointOfNoReturn() throws Exception {
        cancellation.onRequest(stopped::incrementAndGet);
        cancellation.pointOfNoReturn();
        assertThat(cancellation.request()).isFalse();
        assertThat(stopped).hasValue(0);
        cancellation.check();
    }

    @Test
    void bringsThePointOfNoReturnOffWhenItCameFirst() {
        cancellation.request();
        assertThatThrownBy(cancellation::pointOfNoReturn).isInstanceOf(CancelledException.class);
    }
}
