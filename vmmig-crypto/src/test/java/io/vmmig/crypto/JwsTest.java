// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JwsTest {
    private static final String TYPE = "test+jws";
    private static final byte[] PAYLOAD = "Example of Ed25519 signing".getBytes(StandardCharsets.US_ASCII);
    private static HostIdentity signer;

    @BeforeAll
    static void makeSigner() throws Exception {
        signer = HostIdentity.create();
    }

    @Test
    void verifiesWhatWasSigned() throws Exception {
        String jws = signer.sign(TYPE, PAYLOAD);

        assertThat(Jws.verify(jws, TYPE, signer.keys().signing(), 100)).isEqualTo(PAYLOAD);
        assertThat(Jws.verify(
                        signer.sign(TYPE, new byte[0]), TYPE, signer.keys().signing(), 0))
                .isEmpty();
    }

    /** RFC 8037, A.4: its signature is good, and its header lacks the type that ours have. */
    @Test
    void theKeyAndSignatureOfTheRfcAreGood() throws Exception {
        SignerKey key = SignerKey.parse("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        String signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        String signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

        assertThat(key.hasSigned(signed.getBytes(StandardCharsets.US_ASCII), Base64Url.decode(signature)))
                .isTrue();
        assertThatThrownBy(() -> Jws.verify(signed + "." + signature, TYPE, key, 100))
                .hasMessageContaining("header");
    }

    @Test
    void anotherKeyOrTypeIsRefused() throws Exception {
        String jws = signer.sign(TYPE, PAYLOAD);
        SignerKey other = HostIdentity.create().keys().signing();

        assertThatThrownBy(() -> Jws.verify(jws, TYPE, other, 100))
                .satisfies(e -> assertThat(((VmmigException) e).problem()).isEqualTo(Problem.SIGNATURE_INVALID));
        assertThatThrownBy(() -> Jws.verify(jws, "other+jws", signer.keys().signing(), 100))
                .satisfies(e -> assertThat(((VmmigException) e).problem()).isEqualTo(Problem.PACKAGE_MALFORMED));
        assertThatThrownBy(() -> Jws.verify(jws, TYPE, signer.keys().signing(), PAYLOAD.length - 1))
                .hasMessageContaining("more than");
    }

    @Test
    void aKeyThatIsNoPointSignsNothing() {
        byte[] none = new byte[32];
        none[0] = 2;
        SignerKey key = SignerKey.of(none);

        assertThat(key.hasSigned(PAYLOAD, new byte[64])).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{\"alg\":\"EdDSA\"}",
                "{\"alg\":\"none\",\"typ\":\"test+jws\"}",
                "{\"alg\":\"HS256\",\"typ\":\"test+jws\"}",
                "{\"alg\":\"eddsa\",\"typ\":\"test+jws\"}",
                "{\"alg\":\"Ed448\",\"typ\":\"test+jws\"}",
                "{\"alg\":[\"EdDSA\"],\"typ\":\"test+jws\"}",
                "{\"alg\":\"EdDSA\",\"typ\":\"test+jws\",\"crit\":[\"b64\"],\"b64\":false}",
                "{\"alg\":\"EdDSA\",\"typ\":\"test+jws\",\"crit\":[]}",
                "{\"alg\":\"EdDSA\",\"typ\":\"test+jws\",\"jwk\":{}}",
                "{\"alg\":\"EdDSA\",\"typ\":\"test+jws\",\"alg\":\"EdDSA\"}",
                "{\"alg\":\"EdDSA\",\"typ\":null}",
                "{\"alg\":\"EdDSA\",\"typ\":\"test+jws\"} ,",
                "[]",
                ""
            })
    void otherHeadersAreRefusedHoweverWellSigned(String header) {
        String signed = Base64Url.encode(header.getBytes(StandardCharsets.US_ASCII)) + "." + Base64Url.encode(PAYLOAD);
        String jws =
                signed + "." + Base64Url.encode(signer.keySet().signature(signed.getBytes(StandardCharsets.US_ASCII)));

        assertThatThrownBy(() -> Jws.verify(jws, TYPE, signer.keys().signing(), 100))
                .satisfies(e -> assertThat(((VmmigException) e).problem()).isEqualTo(Problem.PACKAGE_MALFORMED));
    }

    @Test
    void everyOtherCharacterAndEveryCutIsNoticed() {
        String jws = signer.sign(TYPE, PAYLOAD);
        for (int at = 0; at < jws.length(); at++) {
            for (char c : "Aw_.=\n".toCharArray()) {
                if (jws.charAt(at) != c) {
                    assertRefused(jws.substring(0, at) + c + jws.substring(at + 1));
                }
            }
            assertRefused(jws.substring(0, at));
            assertRefused(jws.substring(0, at) + "." + jws.substring(at));
        }
        assertRefused(jws + "A");
        assertRefused(jws + "=");
        assertRefused("A".repeat(2000));
    }

    @Test
    void fuzzedOnesAreRefusedInOneWay() {
        Random random = new Random(11);
        String jws = signer.sign(TYPE, PAYLOAD);
        for (int i = 0; i < 3000; i++) {
            StringBuilder fuzzed = new StringBuilder(jws);
            for (int n = random.nextInt(3); n >= 0; n--) {
                int at = random.nextInt(fuzzed.length());
                int end = Math.min(fuzzed.length(), at + random.nextInt(30));
                String piece = jws.substring(random.nextInt(jws.length()));
                fuzzed.replace(at, end, random.nextBoolean() ? piece : String.valueOf((char) random.nextInt(300)));
            }
            if (!fuzzed.toString().equals(jws)) {
                assertRefused(fuzzed.toString());
            }
        }
    }

    @Test
    void typesAreMediaTypes() {
        assertThatIllegalArgumentException().isThrownBy(() -> signer.sign("a\"b", PAYLOAD));
        assertThatIllegalArgumentException().isThrownBy(() -> signer.sign("", PAYLOAD));
    }

    private static void assertRefused(String jws) {
        assertThatThrownBy(() -> Jws.verify(jws, TYPE, signer.keys().signing(), 100))
                .as(jws)
                .isInstanceOfSatisfying(VmmigException.class, e -> assertThat(
                                Set.of(Problem.SIGNATURE_INVALID, Problem.PACKAGE_MALFORMED))
                        .contains(e.problem()));
    }
}
