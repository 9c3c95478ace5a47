// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HeldBackEndTest {
    @ParameterizedTest
    @ValueSource(ints = {0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5_000_000})
    void keepsTheLastMebibyteAndLosesNothing(int length) throws Exception {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        ByteArrayOutputStream out = new ByteArrayOutputStream();

        HeldBackEnd end = new HeldBackEnd();
        int part = length / 3;
        end.copy(new ByteArrayInputStream(bytes, 0, part), out);
        end.copy(new ByteArrayInputStream(bytes, part, length - part), out);

        assertThat(out.size()).isEqualTo(Math.max(0, length - (1 << 20)));
        end.writeTo(out);
        assertThat(out.toByteArray()).isEqualTo(bytes);
    }
}
