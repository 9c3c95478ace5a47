// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import static io.vmmig.transport.testing.Problems.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.testing.Await;
import io.vmmig.transport.testing.Background;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class BoundedPipeTest {
    private final BoundedPipe pipe = new BoundedPipe(1000);

    @Test
    void whatGoesInComesOut() throws Exception {
        byte[] all = new byte[1_000_000];
        Random random = new Random(3);
        random.nextBytes(all);
        Background<Void> filling = Background.run(() -> {
            ByteArrayInputStream in = new ByteArrayInputStream(all);
            while (in.available() > 0) {
                pipe.fill(in, Math.min(in.available(), 1 + random.nextInt(5000)));
            }
            pipe.complete();
            return null;
        });
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] buffer = new byte[777];
        Random sizes = new Random(4);
        for (int n = 0; n >= 0; n = pipe.read(buffer, 0, 1 + sizes.nextInt(buffer.length))) {
            out.write(buffer, 0, n);
        }
        filling.get();
        assertThat(out.toByteArray()).isEqualTo(all);
        assertThat(pipe.read()).isNegative();
    }

    @Test
    void theFillerWaitsWhileItIsFull() throws Exception {
        Background<Void> filling = Background.run(() -> {
            pipe.fill(new ByteArrayInputStream(new byte[1001]), 1001);
            return null;
        });
        Await.until("it is full", () -> pipe.available() == 1000);
        assertThat(filling.isDone()).isFalse();
        assertThat(pipe.available()).isEqualTo(1000);
        assertThat(pipe.read()).isZero();
        filling.get();
    }

    @Test
    void aFailureReachesBothEnds() throws Exception {
        Background<Void> filling = Background.run(() -> {
            pipe.fill(new ByteArrayInputStream(new byte[2000]), 2000);
            return null;
        });
        Await.until("it is full", () -> pipe.available() == 1000);
        pipe.fail(VmmigException.of(Problem.PEER_STALLED, "silence", ""));

        assertThatThrownBy(filling::get)
                .isInstanceOf(IOException.class)
                .cause()
                .satisfies(e -> assertProblem(e, Problem.PEER_STALLED));
        assertThatThrownBy(pipe::read)
                .isInstanceOf(IOException.class)
                .cause()
                .satisfies(e -> assertProblem(e, Problem.PEER_STALLED));
    }

    @Test
    void aStreamThatEndsEarlyIsNoticed() {
        assertThatThrownBy(() -> pipe.fill(new ByteArrayInputStream(new byte[10]), 11))
                .isInstanceOf(EOFException.class);
    }

    @Test
    void anInterruptFreesTheReader() {
        Thread.currentThread().interrupt();
        assertThatThrownBy(pipe::read)
                .isInstanceOf(IOException.class)
                .cause()
                .satisfies(e -> assertProblem(e, Problem.CANCELLED));
        assertThat(Thread.interrupted()).isTrue();
    }
}
