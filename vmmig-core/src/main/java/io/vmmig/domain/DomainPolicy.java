// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.xml.BoundedXml;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.w3c.dom.Element;

/**
 * Decides what a domain XML from another host may contain. It is an allow-list: elements and attributes by name, and forms for
 * their values; everything else is refused, and named. {@code docs/domain-policy.md} shows the standard policy. Both ends apply
 * it: the source before it touches the guest, the destination before it uses the XML. Immutable.
 *
 * <pre>
 *   DomainPolicy.standard().allowing("/domain/devices/watchdog", "model", "action")
 * </pre>
 */
public final class DomainPolicy {
    private static final Pattern PATH = Pattern.compile("/domain(/[A-Za-z_][A-Za-z0-9_.-]*)+");
    private static final DomainPolicy STANDARD = new DomainPolicy(PolicyTable.standard());

    private final PolicyTable table;

    private DomainPolicy(PolicyTable table) {
        this.table = table;
    }

    /** What guests of common management tools use, as far as it is safe to accept from anyone. */
    public static DomainPolicy standard() {
        return STANDARD;
    }

    /**
     * Also allows any number of elements at that path, and these attributes with any value that is one line of text and not an
     * absolute path. What was already allowed stays allowed. Allow child elements by their own paths. Check what QEMU and libvirt
     * do with elements beyond the standard policy before you allow them.
     *
     * @param path the names from the root, such as {@code /domain/devices/watchdog}
     * @param attributes names of attributes
     * @throws IllegalArgumentException when {@code path} is not such a path
     */
    public DomainPolicy allowing(String path, String... attributes) {
        return new DomainPolicy(table.with(requirePath(path), ruleOf(path).allowing(attributes)));
    }

    /**
     * As {@link #allowing}, with text instead of attributes.
     *
     * @throws IllegalArgumentException when {@code path} is not such a path
     */
    public DomainPolicy allowingText(String path) {
        return new DomainPolicy(table.with(requirePath(path), ruleOf(path).allowingText()));
    }

    private static String requirePath(String path) {
        if (!PATH.matcher(path).matches()) {
            throw new IllegalArgumentException("not the path of an element of a domain: " + path);
        }
        return path;
    }

    private ElementRule ruleOf(String path) {
        return table.rule(path).orElseGet(ElementRule::empty);
    }

    /** What in this domain cannot move, or the first such obstacle; empty if everything can. */
    public List<Obstacle> obstaclesOf(DomainXml domain) {
        return PolicyCheck.ofForeign(domain.root(), table);
    }

    /**
     * libvirt's cookie, rebuilt from what this policy allows.
     *
     * @throws VmmigException with {@link Problem#DOMAIN_UNSUPPORTED} when it is not well-formed, or contains anything else
     */
    public String cookie(String saved) throws VmmigException {
        Element root = BoundedXml.parse(saved, "libvirt's cookie");
        if (!root.getTagName().equals("cookie")) {
            throw VmmigException.of(
                    Problem.DOMAIN_UNSUPPORTED, "libvirt's cookie has an unknown form", "Make the package again.");
        }
        requireNone(PolicyCheck.ofForeign(root, table));
        PolicyCheck.drop(root, table);
        return BoundedXml.text(root);
    }

    /** @throws VmmigException with the first obstacle, if there is one */
    void requireMovable(DomainXml domain) throws VmmigException {
        requireNone(obstaclesOf(domain));
    }

    /** Removes elements that can be dropped without harm; returns the names of those directly below the root. */
    Set<String> drop(DomainXml domain) {
        return PolicyCheck.drop(domain.root(), table);
    }

    /** Checks that everything that the destination has to choose is its own choice. */
    void requireChosen(DomainXml adapted, Set<String> chosen) throws VmmigException {
        requireNone(PolicyCheck.ofAdapted(adapted.root(), table, chosen));
    }

    static void requireNone(List<Obstacle> obstacles) throws VmmigException {
        for (Obstacle obstacle : obstacles) {
            throw VmmigException.of(obstacle.problem(), obstacle.what(), obstacle.remedy());
        }
    }
}
