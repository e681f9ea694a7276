using System;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using Sosia.Core;
using Sosia.Display.Rfb;
using Xunit;

namespace Sosia.Display.Tests;

public sealed class VncServerTests
{
    private static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);

    [VncClientTheory]
    [InlineData("raw", 32)]
    [InlineData("raw", 16)]
    [InlineData("raw", 8)]
    [InlineData("hextile", 32)]
    [InlineData("hextile", 16)]
    [InlineData("hextile", 8)]
    [InlineData("zrle", 32)]
    [InlineData("zrle", 16)]
    [InlineData("zrle", 8)]
    public void A_client_that_others_wrote_sees_every_pixel(string encoding, int bits)
    {
        var screen = new PatternScreen();
        using var server = new VncServer(new VncOptions { EndPoint = AnyPort }, screen.Screen, null, null);
        (int status, int width, int height, int[] pixels) = VncClient.Capture(server.EndPoint, encoding, bits);
        Assert.Equal(0, status);
        ScreenImage expected = screen.Screen.Capture();
        Assert.Equal((expected.Width, expected.Height), (width, height));
        for (int i = 0; i < pixels.Length; i++)
        {
            Assert.Equal(Quantize(expected.Pixels[i], bits), pixels[i]);
        }
    }

    [VncClientTheory]
    [InlineData("secret", 0)]
    [InlineData("Secret", 3)]
    public void A_client_that_others_wrote_needs_the_right_password(string password, int status)
    {
        using var server = new VncServer(new VncOptions { EndPoint = AnyPort, Password = "secret" }, new PatternScreen().Screen, null, null);
        Assert.Equal(status, VncClient.Capture(server.EndPoint, "raw", 32, password).Status);
    }

    [Fact]
    public void The_client_that_takes_screenshots_sees_every_pixel()
    {
        var screen = new PatternScreen();
        using var server = new VncServer(new VncOptions { EndPoint = AnyPort, Password = "pass" }, screen.Screen, null, null);
        screen.Change(1000, 50);
        ScreenImage image = RfbClient.Capture(server.EndPoint, "pass");
        Assert.Equal(screen.Screen.Capture().Pixels.ToArray(), image.Pixels.ToArray());
        Assert.Contains("wrong", Assert.Throws<SosiaException>(() => RfbClient.Capture(server.EndPoint, "word")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void After_wrong_passwords_nobody_may_try_for_a_while()
    {
        using var server = new VncServer(new VncOptions { EndPoint = AnyPort, Password = "pass" }, new PatternScreen().Screen, null, null) { Guard = new LoginGuard(new ManualTime()) };
        string[] messages = Enumerable.Range(0, LoginGuard.FreeFailures + 1)
            .Select(_ => Assert.Throws<SosiaException>(() => RfbClient.Capture(server.EndPoint, "word")).Message).ToArray();
        Assert.Contains("Too many", messages[^1], StringComparison.Ordinal);
        Assert.Contains("Too many", Assert.Throws<SosiaException>(() => RfbClient.Capture(server.EndPoint, "pass")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pause_after_wrong_passwords_grows_and_ends()
    {
        var time = new ManualTime();
        var guard = new LoginGuard(time);
        for (int i = 0; i < LoginGuard.FreeFailures; i++)
        {
            Assert.True(guard.IsOpen);
            guard.Failed();
        }

        Assert.False(guard.IsOpen);
        time.Now += TimeSpan.FromSeconds(1.1);
        Assert.True(guard.IsOpen);
        guard.Failed();
        time.Now += TimeSpan.FromSeconds(1.1);
        Assert.False(guard.IsOpen);
        time.Now += TimeSpan.FromSeconds(1);
        Assert.True(guard.IsOpen);
        guard.Succeeded();
        guard.Failed();
        Assert.True(guard.IsOpen);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Clients_that_send_garbage_stall_or_vanish_harm_nobody(int seed)
    {
        var random = new Random(seed);
        var screen = new PatternScreen();
        using var server = new VncServer(new VncOptions { EndPoint = AnyPort }, screen.Screen, null, null);
        byte[] greeting = [.. "RFB 003.008\n"u8, 1, 1];
        for (int i = 0; i < 60; i++)
        {
            using var client = new TcpClient();
            client.Connect(server.EndPoint);
            NetworkStream stream = client.GetStream();
            if (random.Next(4) != 0)
            {
                stream.Write(greeting);
            }

            byte[] bytes = new byte[random.Next(400)];
            random.NextBytes(bytes);
            if (random.Next(2) == 0 && bytes.Length > 20)
            {
                // Messages that exist, with impossible contents; or one complete request, whose answer nobody reads.
                bytes[0] = (byte)(random.Next(2) == 0 ? random.Next(7) : 3);
                bytes[10] = (byte)random.Next(7);
            }

            try
            {
                stream.Write(bytes);
            }
            catch (System.IO.IOException)
            {
                // The server has had enough.
            }

            if (random.Next(3) == 0)
            {
                screen.Change(1 + random.Next(300), 1 + random.Next(200));
            }
        }

        Assert.True(SpinWait.SpinUntil(() => server.ClientCount == 0, TimeSpan.FromMinutes(2)));
        Assert.Equal(screen.Screen.Capture().Pixels.ToArray(), RfbClient.Capture(server.EndPoint, null).Pixels.ToArray());
    }

    [Fact]
    public void Connections_that_say_nothing_keep_no_viewer_out()
    {
        var screen = new PatternScreen();
        using var server = new VncServer(new VncOptions { EndPoint = AnyPort, Password = "pass" }, screen.Screen, null, null);
        var silent = new System.Collections.Generic.List<TcpClient>();
        try
        {
            for (int i = 0; i < VncServer.MaxClients + VncServer.MaxBeginning; i++)
            {
                var client = new TcpClient();
                client.Connect(server.EndPoint);
                silent.Add(client);
            }

            Assert.Equal(screen.Screen.Capture().Pixels.ToArray(), RfbClient.Capture(server.EndPoint, "pass").Pixels.ToArray());
            // The oldest had to go: behind the greeting there is the end.
            Assert.InRange(silent[0].GetStream().ReadAtLeast(new byte[64], 64, throwOnEndOfStream: false), 0, 12);
        }
        finally
        {
            silent.ForEach(static client => client.Dispose());
        }
    }

    [Theory]
    [InlineData("0.0.0.0:5900", "needs a password")]
    [InlineData("192.0.2.1:5900", "needs a password")]
    [InlineData("here", "not an IP address")]
    [InlineData("127.0.0.1", "not an IP address")]
    [InlineData("127.0.0.1:5900,pass=x", "'pass=x'")]
    [InlineData("127.0.0.1:5900,password=", "1 to 8")]
    [InlineData("127.0.0.1:5900,password=much too long", "1 to 8")]
    [InlineData("127.0.0.1:5900,password-file=/nonexistent/file", "/nonexistent/file")]
    public void Unwise_addresses_and_passwords_are_refused_in_a_sentence(string text, string part)
        => Assert.Contains(part, Assert.Throws<SosiaException>(() => VncOptions.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Addresses_and_passwords_are_read()
    {
        Assert.Equal(new VncOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 5901) }, VncOptions.Parse("localhost:5901"));
        Assert.Equal(new VncOptions { EndPoint = new IPEndPoint(IPAddress.Any, 5900), Password = "x" }, VncOptions.Parse("0.0.0.0:5900,password=x"));
    }

    [Fact]
    public void A_taken_port_is_refused_in_a_sentence()
    {
        using var server = new VncServer(new VncOptions { EndPoint = AnyPort }, new PatternScreen().Screen, null, null);
        string message = Assert.Throws<SosiaException>(() => new VncServer(new VncOptions { EndPoint = server.EndPoint }, new PatternScreen().Screen, null, null)).Message;
        Assert.Contains(server.EndPoint.ToString(), message, StringComparison.Ordinal);
    }

    // FIPS 81's and the literature's examples.
    [Theory]
    [InlineData(0x133457799bbcdff1, 0x0123456789abcdef, 0x85e813540f0ab405)]
    [InlineData(0x0123456789abcdef, 0x4e6f772069732074, 0x3fa40e8a984d4815)]
    [InlineData(0x0101010101010101, 0x8000000000000000, 0x95f8a5e5dd31d900)]
    public void The_cipher_of_VNC_passwords_is_DES(ulong key, ulong block, ulong expected) => Assert.Equal(expected, VncDes.Encrypt(key, block));

    private static int Quantize(int pixel, int bits)
    {
        static int Reduce(int value, int bitCount, int shift)
        {
            int max = (1 << bitCount) - 1;
            return ((value >> shift) & 0xff) * (max + 1) / 256 * 255 / max;
        }

        return bits switch
        {
            32 => pixel,
            16 => (Reduce(pixel, 5, 16) << 16) | (Reduce(pixel, Greens16, 8) << 8) | Reduce(pixel, 5, 0),
            _ => (Reduce(pixel, 3, 16) << 16) | (Reduce(pixel, 3, 8) << 8) | Reduce(pixel, 2, 0),
        };
    }

    // LibVNCClient asks for 5 bits of each colour in 16.
    private const int Greens16 = 5;

    private sealed class ManualTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
