// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.crypto.Acquaintance.Challenge;
import io.vmmig.crypto.Acquaintance.End;
import io.vmmig.error.IntegrityException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AcquaintanceTest {
    /** Enough to find two digits of a code, thousands of times as often as chance needs. */
    private static final int TRIES = 10_000;

    private HostIdentity a;
    private HostIdentity b;
    private HostIdentity attacker;
    private final Challenge challengeOfA = new Challenge();
    private final Challenge challengeOfB = new Challenge();

    @BeforeEach
    void create() throws Exception {
        a = HostIdentity.create();
        b = HostIdentity.create();
        attacker = HostIdentity.create();
    }

    private Acquaintance met() throws Exception {
        return new Acquaintance(a.card("host-a"), challengeOfA.shown(), b.card("host-b"), challengeOfB.shown());
    }

    @Test
    void bothEndsSeeOneCodeAndBelieveEachOther() throws Exception {
        Acquaintance atA = met();
        Acquaintance atB = met();

        assertThat(atA.code()).matches("[0-9]{4} [0-9]{4}").isEqualTo(atB.code());
        atB.requireCommitted(Acquaintance.commitment(a.card("host-a"), challengeOfA.shown()));
        atB.requireProof(End.CALLER, atA.proof(End.CALLER, a), challengeOfB);
        atA.requireProof(End.LISTENER, atB.proof(End.LISTENER, b), challengeOfA);
    }

    @Test
    void whateverDiffersGivesAnotherCode() throws Exception {
        String code = met().code();
        byte[] another = new Challenge().shown();

        assertThat(new Acquaintance(a.card("x"), challengeOfA.shown(), b.card("host-b"), challengeOfB.shown()).code())
                .isNotEqualTo(code);
        assertThat(new Acquaintance(a.card("host-a"), another, b.card("host-b"), challengeOfB.shown()).code())
                .isNotEqualTo(code);
        assertThat(new Acquaintance(a.card("host-a"), challengeOfA.shown(), b.card("x"), challengeOfB.shown()).code())
                .isNotEqualTo(code);
        assertThat(new Acquaintance(a.card("host-a"), challengeOfA.shown(), b.card("host-b"), another).code())
                .isNotEqualTo(code);
    }

    /**
     * An attacker who calls b has committed before they see b's challenge. Once they have seen it they can find a challenge that gives
     * the code that a's user sees, here its last two digits; but that is not what they committed to.
     */
    @Test
    void whatAnAttackerFindsAfterwardsIsNotWhatTheyCommittedTo() throws Exception {
        String wanted = met().code().substring(7);
        NodeCard card = attacker.card("host-a");
        Challenge committed = new Challenge();
        byte[] commitment = Acquaintance.commitment(card, committed.shown());
        int found = 0;
        for (int i = 0; i < TRIES; i++) {
            Challenge tried = new Challenge();
            Acquaintance ground = new Acquaintance(card, tried.shown(), b.card("host-b"), challengeOfB.shown());
            if (ground.code().endsWith(wanted)) {
                found++;
                assertThatThrownBy(() -> ground.requireCommitted(commitment))
                        .isInstanceOf(IntegrityException.class)
                        .hasMessageContaining("committed to one card");
            }
        }
        assertThat(found).as("grinding itself works").isPositive();
    }

    /** One who answers a has shown a challenge before they see a's; after that nothing is left to choose, and the code is chance. */
    @Test
    void anAttackerWhoAnswersCannotAimAtACode() throws Exception {
        String wanted = met().code().substring(7);
        Challenge shown = new Challenge();
        int hits = 0;
        for (int i = 0; i < TRIES; i++) {
            Acquaintance atA =
                    new Acquaintance(a.card("host-a"), new Challenge().shown(), attacker.card("host-b"), shown.shown());
            hits += atA.code().endsWith(wanted) ? 1 : 0;
        }
        // One in a hundred, with ten standard deviations to either side.
        assertThat(hits).isBetween(1, 200);
    }

    @Test
    void aProofIsOfOneEndOfOneIntroductionByOneHost() throws Exception {
        Acquaintance met = met();
        byte[] proof = met.proof(End.CALLER, a);

        assertThatCode(() -> met.requireProof(End.CALLER, proof, challengeOfB)).doesNotThrowAnyException();
        assertRefused(met, End.LISTENER, proof, challengeOfA);
        assertRefused(met, End.CALLER, met.proof(End.CALLER, attacker), challengeOfB);
        Challenge later = new Challenge();
        Acquaintance again = new Acquaintance(a.card("host-a"), challengeOfA.shown(), b.card("host-b"), later.shown());
        assertRefused(again, End.CALLER, proof, later);
        for (int i = 0; i < proof.length; i++) {
            byte[] damaged = proof.clone();
            damaged[i] ^= 1;
            assertRefused(met, End.CALLER, damaged, challengeOfB);
        }
    }

    /** Half of what a fingerprint hashes was free to choose: a host could name another's sealing key, or any number, as its own. */
    @Test
    void aSealingKeyOfAnotherHostIsNoticed() throws Exception {
        Acquaintance met = met();
        byte[] own = met.proof(End.CALLER, a);
        byte[] others = met.proof(End.CALLER, attacker);
        byte[] mixed = own.clone();
        System.arraycopy(others, 0, mixed, 0, 32);

        assertRefused(met, End.CALLER, mixed, challengeOfB);
    }

    @Test
    void aChallengeOfLowOrderIsRefused() throws Exception {
        Acquaintance met = new Acquaintance(a.card("host-a"), challengeOfA.shown(), b.card("host-b"), new byte[32]);
        assertThatThrownBy(() -> met.proof(End.CALLER, a))
                .isInstanceOf(IntegrityException.class)
                .hasMessageContaining("is no key");
    }

    private static void assertRefused(Acquaintance met, End end, byte[] proof, Challenge ours) {
        assertThatThrownBy(() -> met.requireProof(end, proof, ours))
                .isInstanceOf(IntegrityException.class)
                .hasMessageContaining("does not hold the secrets");
    }
}
