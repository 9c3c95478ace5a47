// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The rule for elements at one path.
 *
 * @param verdict whether they are allowed
 * @param reason why not, as one sentence; empty if they are allowed
 * @param repeatable whether their parent may have more than one of them
 * @param attributes the allowed attributes
 * @param text the allowed text, or null for none
 */
record ElementRule(
        Verdict verdict,
        String reason,
        boolean repeatable,
        Map<String, AllowedValue> attributes,
        @Nullable AllowedValue text) {
    /** Whether an element is allowed. */
    enum Verdict {
        ALLOW,
        DROP,
        REFUSE
    }

    ElementRule {
        attributes = Collections.unmodifiableMap(new LinkedHashMap<>(attributes));
    }

    static ElementRule empty() {
        return new ElementRule(Verdict.ALLOW, "", true, Map.of(), null);
    }

    ElementRule allowing(String... names) {
        Map<String, AllowedValue> more = new LinkedHashMap<>(attributes);
        for (String name : names) {
            more.put(name, AllowedValue.of(ValueForm.ALLOWED));
        }
        return new ElementRule(Verdict.ALLOW, "", repeatable, more, text);
    }

    ElementRule allowingText() {
        return new ElementRule(Verdict.ALLOW, "", repeatable, attributes, AllowedValue.of(ValueForm.ALLOWED));
    }
}
