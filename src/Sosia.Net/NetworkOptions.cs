using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Sosia.Core;
using Sosia.Host.Linux.Network;
using Sosia.Net.Backends;
using Sosia.Net.Frames;
using Sosia.Net.User;

namespace Sosia.Net;

/// <summary>
/// What a user says of one network card: <c>user|socket|tap|none[,model=…][,mac=…][,pcap=FILE][,rom=FILE]</c> and what each kind of network takes. A comma in a value is
/// written twice.
/// </summary>
public sealed record NetworkOptions
{
    private const string Form = "user|socket|tap|none[,model=virtio|e1000|ne2k_pci|ne2k_isa][,mac=MAC][,pcap=FILE][,rom=FILE]";
    private const string UserForm = "[,net=ADDR/BITS][,host=ADDR][,dns=ADDR][,dhcpstart=ADDR][,hostname=NAME][,tftp=FOLDER][,bootfile=NAME][,restrict=on][,allow-host-loopback=on][,hostfwd=RULE][,guestfwd=RULE]";
    private const ulong FirstMac = 0x5254_0012_3456;

    /// <summary>What is behind the card.</summary>
    public NetworkKind Kind { get; init; }

    /// <summary>Which card it is.</summary>
    public NetworkModel Model { get; init; }

    /// <summary>The card's Ethernet address; null for 52:54:00:12:34:56 and those that follow.</summary>
    public MacAddress? Mac { get; init; }

    /// <summary>Where frames are recorded; null for nowhere.</summary>
    public string? CaptureFile { get; init; }

    /// <summary>The card's option ROM; null for none.</summary>
    public string? RomFile { get; init; }

    /// <summary>The network, for <see cref="NetworkKind.User"/>.</summary>
    public UserNetworkOptions User { get; init; } = new();

    /// <summary>Where to listen or whom to connect to, for <see cref="NetworkKind.Socket"/>.</summary>
    public SocketAddress4 Address { get; init; }

    /// <summary>True to listen, for <see cref="NetworkKind.Socket"/>.</summary>
    public bool Listens { get; init; }

    /// <summary>The interface, for <see cref="NetworkKind.Tap"/>; empty for a new one.</summary>
    public string TapName { get; init; } = string.Empty;

    /// <summary>The switch, for <see cref="NetworkKind.Switch"/>.</summary>
    public LearningSwitch? Switch { get; init; }

    /// <summary>Understands a network option.</summary>
    /// <exception cref="SosiaException">A key or value is unknown, repeated or impossible; the message names it.</exception>
    public static NetworkOptions Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<string> parts = Split(text);
        NetworkOptions options = new()
        {
            Kind = parts[0] switch
            {
                "user" => NetworkKind.User,
                "socket" => NetworkKind.Socket,
                "tap" => NetworkKind.Tap,
                "none" => NetworkKind.None,
                _ => throw new SosiaException($"The network '{parts[0]}' in '{text}' is unknown; the form is {Form}."),
            },
        };
        HashSet<string> seen = [];
        foreach (string part in parts[1..])
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            string key = equals < 0 ? part : part[..equals];
            string value = equals < 0 ? "on" : part[(equals + 1)..];
            if (value.Length == 0)
            {
                throw new SosiaException($"The network option '{text}' gives no value for '{key}'; write {key}=VALUE.");
            }

            if (!seen.Add(key) && key is not ("hostfwd" or "guestfwd"))
            {
                throw new SosiaException($"The network option '{text}' gives '{key}' twice; give it once.");
            }

            options = options.With(key, value, text);
        }

        return options.Check(text);
    }

    /// <summary>The card's Ethernet address.</summary>
    /// <param name="index">The card's place among those of its machine, from 0.</param>
    public MacAddress EffectiveMac(int index) => Mac ?? new MacAddress(FirstMac + (ulong)index);

    /// <summary>Plugs in what is behind the card.</summary>
    /// <param name="cable">The end of the card's cable.</param>
    /// <returns>Null when there is nothing.</returns>
    /// <exception cref="SosiaException">Something of the host cannot be used.</exception>
    public INetworkBackend? Open(CableEnd cable) => Kind switch
    {
        NetworkKind.User => new UserNetwork(cable, User),
        NetworkKind.Socket => new SocketBackend(cable, Address, Listens),
        NetworkKind.Tap => new TapBackend(cable, TapName),
        NetworkKind.Switch => (Switch ?? throw new SosiaException("A card is to be at a switch, but there is none; set NetworkOptions.Switch.")).Connect(cable),
        _ => null,
    };

    private NetworkOptions With(string key, string value, string text)
    {
        switch (key)
        {
            case "model":
                return this with { Model = ParseModel(value) };
            case "mac":
                return this with { Mac = MacAddress.TryParse(value, out MacAddress mac) && !mac.IsGroup && mac.Value != 0 ? mac : throw Wrong(key, value, "six hexadecimal numbers such as 52:54:00:12:34:56") };
            case "pcap":
                return this with { CaptureFile = value };
            case "rom":
                return this with { RomFile = value };
        }

        switch (Kind, key)
        {
            case (NetworkKind.Socket, "listen"):
                return this with { Address = ParseEndPoint(key, value), Listens = true };
            case (NetworkKind.Socket, "connect"):
                return this with { Address = ParseEndPoint(key, value), Listens = false };
            case (NetworkKind.Tap, "ifname"):
                return value.Length <= TapInterface.MaxNameLength ? this with { TapName = value } : throw Wrong(key, value, "a name of at most 15 characters");
            case (NetworkKind.User, _):
                return this with { User = WithUser(key, value, text) };
            default:
                throw new SosiaException($"The network option '{text}' has the unknown key '{key}'; the form is {Form}{(Kind == NetworkKind.Socket ? "[,listen=ADDR:PORT|,connect=ADDR:PORT]" : Kind == NetworkKind.Tap ? "[,ifname=NAME]" : string.Empty)}.");
        }
    }

    private UserNetworkOptions WithUser(string key, string value, string text) => key switch
    {
        "net" => WithNetwork(value),
        "host" => User with { Gateway = ParseAddress(key, value) },
        "dns" => User with { Dns = ParseAddress(key, value) },
        "dhcpstart" => User with { DhcpStart = ParseAddress(key, value) },
        "hostname" => User with { HostName = value },
        "tftp" => User with { TftpFolder = value },
        "bootfile" => User with { BootFile = value.Length <= 127 ? value : throw Wrong(key, value, "a name of at most 127 characters") },
        "restrict" => User with { IsRestricted = ParseSwitch(key, value) },
        "allow-host-loopback" => User with { AllowsHostLoopback = ParseSwitch(key, value) },
        "hostfwd" => User with { HostForwards = [.. User.HostForwards, ParseHostForward(value)] },
        "guestfwd" => User with { GuestForwards = [.. User.GuestForwards, ParseGuestForward(value)] },
        "ipv6" => throw new SosiaException("The user network has no IPv6 yet; leave ipv6= out."),
        _ => throw new SosiaException($"The network option '{text}' has the unknown key '{key}'; the form is {Form}{UserForm}."),
    };

    private NetworkOptions Check(string text)
    {
        if (Kind == NetworkKind.Socket && Address == default)
        {
            throw new SosiaException($"The network option '{text}' does not say with whom to join; add listen=ADDR:PORT or connect=ADDR:PORT.");
        }

        UserNetworkOptions user = User;
        foreach ((string key, uint address) in (ReadOnlySpan<(string, uint)>)[("host", user.GatewayAddress), ("dns", user.DnsAddress), ("dhcpstart", user.FirstGuest)])
        {
            if (!user.IsInNetwork(address) || address == user.Network || address == (user.Network | ~user.Mask))
            {
                throw new SosiaException($"The address {SocketAddress4.Format(address)} of {key}= is not a station of the network {SocketAddress4.Format(user.Network)}/{user.PrefixLength}; choose one that is.");
            }
        }

        foreach (GuestForward forward in user.GuestForwards)
        {
            if (!user.IsInNetwork(forward.Guest.Address))
            {
                throw new SosiaException($"The address {forward.Guest} of guestfwd= is not in the network {SocketAddress4.Format(user.Network)}/{user.PrefixLength}; choose one that is.");
            }
        }

        return user.GatewayAddress == user.DnsAddress || user.FirstGuest == user.GatewayAddress || user.FirstGuest == user.DnsAddress
            ? throw new SosiaException($"The network option '{text}' gives one address to two of host=, dns= and dhcpstart=; give each its own.")
            : this;
    }

    private UserNetworkOptions WithNetwork(string value)
    {
        string[] parts = value.Split('/');
        if (parts.Length == 2 && SocketAddress4.TryParse(parts[0], out uint address) && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int bits) && bits is >= 8 and <= 27)
        {
            return User with { Network = address & (uint.MaxValue << (32 - bits)), PrefixLength = bits };
        }

        throw Wrong("net", value, "an address and 8 to 27 bits, such as 10.0.2.0/24");
    }

    private static NetworkModel ParseModel(string value) => value switch
    {
        "virtio" or "virtio-net" or "virtio-net-pci" => NetworkModel.Virtio,
        "e1000" => NetworkModel.E1000,
        "ne2k_pci" => NetworkModel.Ne2000Pci,
        "ne2k_isa" => NetworkModel.Ne2000Isa,
        _ => throw Wrong("model", value, "virtio, e1000, ne2k_pci or ne2k_isa"),
    };

    // tcp|udp:[ADDR]:PORT-[ADDR]:PORT
    private static HostForward ParseHostForward(string value)
    {
        const string Rule = "tcp|udp:[ADDR]:PORT-[ADDR]:PORT, such as tcp:127.0.0.1:2222-:22";
        string[] sides = value.Split('-');
        if (sides.Length != 2)
        {
            throw Wrong("hostfwd", value, Rule);
        }

        bool isUdp = sides[0].StartsWith("udp:", StringComparison.Ordinal);
        string host = isUdp || sides[0].StartsWith("tcp:", StringComparison.Ordinal) ? sides[0][4..] : sides[0].StartsWith(':') ? sides[0][1..] : throw Wrong("hostfwd", value, Rule);
        // Nothing listens on the host's other addresses unless it is said so.
        return TryParseEndPoint(host, SocketAddress4.Loopback, out SocketAddress4 hostSide)
            && TryParseEndPoint(sides[1], 0, out SocketAddress4 guestSide) && guestSide.Port != 0
            ? new HostForward(isUdp, hostSide, guestSide.Address, guestSide.Port)
            : throw Wrong("hostfwd", value, Rule);
    }

    // tcp:ADDR:PORT-tcp:ADDR:PORT or tcp:ADDR:PORT-unix:PATH
    private static GuestForward ParseGuestForward(string value)
    {
        const string Rule = "tcp:ADDR:PORT-tcp:ADDR:PORT or tcp:ADDR:PORT-unix:PATH";
        int dash = value.IndexOf('-', StringComparison.Ordinal);
        if (dash < 0 || !value.StartsWith("tcp:", StringComparison.Ordinal) || !TryParseEndPoint(value[4..dash], null, out SocketAddress4 guest) || guest.Port == 0)
        {
            throw Wrong("guestfwd", value, Rule);
        }

        string target = value[(dash + 1)..];
        if (target.StartsWith("cmd:", StringComparison.Ordinal))
        {
            throw new SosiaException("Starting a program for each connection (guestfwd=…-cmd:…) is not implemented; forward to a TCP port or a Unix socket.");
        }

        if (target.StartsWith("unix:", StringComparison.Ordinal) && target.Length > 5)
        {
            return new GuestForward(guest, default, target[5..]);
        }

        return target.StartsWith("tcp:", StringComparison.Ordinal) && TryParseEndPoint(target[4..], null, out SocketAddress4 host) && host.Port != 0
            ? new GuestForward(guest, host, null)
            : throw Wrong("guestfwd", value, Rule);
    }

    private static SocketAddress4 ParseEndPoint(string key, string value)
        => TryParseEndPoint(value, SocketAddress4.Loopback, out SocketAddress4 address) ? address : throw Wrong(key, value, "ADDR:PORT, such as 127.0.0.1:4321");

    private static bool TryParseEndPoint(string text, uint? addressWhenEmpty, out SocketAddress4 endPoint)
    {
        endPoint = default;
        int colon = text.LastIndexOf(':');
        if (colon < 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
        {
            return false;
        }

        uint address = addressWhenEmpty ?? 0;
        if ((colon == 0 && addressWhenEmpty is null) || (colon != 0 && !SocketAddress4.TryParse(text.AsSpan(0, colon), out address)))
        {
            return false;
        }

        endPoint = new SocketAddress4(address, port);
        return true;
    }

    private static uint ParseAddress(string key, string value)
        => SocketAddress4.TryParse(value, out uint address) ? address : throw Wrong(key, value, "an address such as 10.0.2.2");

    private static bool ParseSwitch(string key, string value) => value switch
    {
        "on" or "yes" => true,
        "off" or "no" => false,
        _ => throw Wrong(key, value, "on or off"),
    };

    private static SosiaException Wrong(string key, string value, string form) => new($"The network option '{key}' has the value '{value}'; give {form}.");

    private static List<string> Split(string text)
    {
        List<string> parts = [];
        var part = new StringBuilder();
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != ',')
            {
                part.Append(text[i]);
            }
            else if (i + 1 < text.Length && text[i + 1] == ',')
            {
                part.Append(',');
                i++;
            }
            else
            {
                parts.Add(part.ToString());
                part.Clear();
            }
        }

        parts.Add(part.ToString());
        return parts;
    }
}
