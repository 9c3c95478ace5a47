// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vmmig.error.VmmigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FingerprintTest {
    private static final String HEX = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    @Test
    void isPrintedInGroups() {
        assertThat(new Fingerprint(HEX))
                .hasToString("0011-2233-4455-6677-8899-aabb-ccdd-eeff-0011-2233-4455-6677-8899-aabb-ccdd-eeff");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                HEX,
                "0011-2233-4455-6677-8899-aabb-ccdd-eeff-0011-2233-4455-6677-8899-aabb-ccdd-eeff",
                "SHA256:00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF",
                " sha256:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff 00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff\n"
            })
    void isReadAsPeopleWriteIt(String text) throws Exception {
        assertThat(Fingerprint.parse(text)).isEqualTo(new Fingerprint(HEX));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0011", "sha256:", HEX + "00", "x" + HEX})
    void anythingElseIsRefused(String text) {
        assertThatExceptionOfType(VmmigException.class).isThrownBy(() -> Fingerprint.parse(text));
    }
}
