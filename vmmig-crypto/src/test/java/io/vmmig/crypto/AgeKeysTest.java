// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vmmig.crypto.age.Bech32;
import io.vmmig.crypto.age.X25519;
import io.vmmig.error.VmmigException;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AgeKeysTest {
    /** The pair that the specification of age shows. */
    private static final String IDENTITY = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";

    private static final String RECIPIENT = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

    @Test
    void thePairOfTheSpecificationBelongsTogether() throws Exception {
        AgeIdentity identity = AgeIdentity.parse(IDENTITY);

        assertThat(identity.recipient()).hasToString(RECIPIENT).isEqualTo(AgeRecipient.parse(RECIPIENT));
        assertThat(identity.secretText()).isEqualTo(IDENTITY);
    }

    @Test
    void newOnesAreReadAsWritten() throws Exception {
        AgeIdentity identity = AgeIdentity.generate();

        assertThat(AgeIdentity.parse(identity.secretText()).recipient()).isEqualTo(identity.recipient());
        assertThat(AgeRecipient.parse(identity.recipient().toString())).isEqualTo(identity.recipient());
        assertThat(AgeIdentity.generate().recipient()).isNotEqualTo(identity.recipient());
    }

    @Test
    void anIdentityTellsNothingSecret() throws Exception {
        assertThat(AgeIdentity.parse(IDENTITY)).hasToString("AgeIdentity[" + RECIPIENT + "]");
        assertThatExceptionOfType(VmmigException.class)
                .isThrownBy(() -> AgeIdentity.parse(IDENTITY.replace('G', 'H')))
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("YYSJZ"));
    }

    @Test
    void everyTypingErrorIsNoticed() {
        String alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l1b";
        for (int at = 0; at < RECIPIENT.length(); at++) {
            for (char c : alphabet.toCharArray()) {
                String typed = RECIPIENT.substring(0, at) + c + RECIPIENT.substring(at + 1);
                if (!typed.equals(RECIPIENT)) {
                    assertThatExceptionOfType(VmmigException.class).isThrownBy(() -> AgeRecipient.parse(typed));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "age1",
                "Age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj",
                "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujw",
                "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj ",
                "\u0131ge1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujw"
            })
    void anythingElseIsRefused(String text) {
        assertThatExceptionOfType(VmmigException.class).isThrownBy(() -> AgeRecipient.parse(text));
    }

    @Test
    void upperCaseIsTheSameRecipient() throws Exception {
        assertThat(AgeRecipient.parse(RECIPIENT.toUpperCase(Locale.ROOT))).hasToString(RECIPIENT);
    }

    @Test
    void aKeyThatSealsNothingIsRefused() {
        byte[] one = new byte[32];
        one[0] = 1;
        for (byte[] lowOrder : new byte[][] {new byte[32], one}) {
            assertThatExceptionOfType(VmmigException.class)
                    .isThrownBy(() -> AgeRecipient.parse(Bech32.encode("age", lowOrder)))
                    .withMessageContaining("low order");
        }
    }

    @Test
    void theHighestBitOfAPublicKeyDoesNotCount() throws Exception {
        byte[] secret = X25519.newSecret();
        byte[] other = X25519.publicKey(X25519.newSecret());
        byte[] high = other.clone();
        high[31] ^= (byte) 0x80;

        assertThat(X25519.agree(secret, high)).isEqualTo(X25519.agree(secret, other));
    }
}
