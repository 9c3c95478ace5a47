// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.Manifest.Reference;
import io.vmmig.bundle.Manifest.Reference.Kind;
import io.vmmig.content.Digest;
import io.vmmig.transport.Offer;
import io.vmmig.transport.testing.Samples;
import io.vmmig.transport.wire.proto.Wire;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class MessagesTest {
    /** So a source that knows more ways to cut content can offer them to a destination that does not. */
    @Test
    void anOfferIsReadWithoutReferencesOfKindsThatAreNotKnown() throws Exception {
        Reference known = new Reference(Kind.BOOT_2, new Digest("ab".repeat(32)));
        Reference other = new Reference(Kind.BOOT, new Digest("cd".repeat(32)));
        Wire.Offer sent = Wire.Offer.parseFrom(Messages.offer(Samples.offer()));
        Manifest manifest = Samples.offer().manifest();
        String json = new String(manifest.withReferences(List.of(known, other)).toJson(), StandardCharsets.UTF_8)
                .replace("\"boot\"", "\"boot-99\"");
        Offer read = Messages.readOffer(sent.toBuilder()
                .setManifest(ByteString.copyFromUtf8(json))
                .build()
                .toByteArray());
        assertThat(read.manifest().references()).containsExactly(known);
    }
}
