using System;
using System.Buffers.Binary;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Sosia.Core;

namespace Sosia.Display.Rfb;

/// <summary>A VNC viewer that takes one picture: for screenshots of machines in other processes.</summary>
public static class RfbClient
{
    private const int MaxPixels = 1 << 26;
    private const int MaxText = 1 << 16;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Takes a picture of what a VNC server shows.</summary>
    /// <param name="endPoint">Where the server listens.</param>
    /// <param name="password">The password; null for none.</param>
    /// <exception cref="SosiaException">Nobody listens, the password is wrong, or the server speaks something else.</exception>
    public static ScreenImage Capture(IPEndPoint endPoint, string? password)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        try
        {
            return CaptureAsync(endPoint, password).GetAwaiter().GetResult();
        }
        catch (RfbException error)
        {
            throw new SosiaException($"The VNC server at {endPoint} gives no picture ({error.Message}).", FailureKind.Configuration, error);
        }
        catch (OperationCanceledException error)
        {
            throw new SosiaException($"The VNC server at {endPoint} does not answer; check the address.", FailureKind.Configuration, error);
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            throw new SosiaException($"The VNC server at {endPoint} cannot be reached ({error.Message.TrimEnd('.')}); start the machine with --display vnc={endPoint}.", FailureKind.Configuration, error);
        }
    }

    private static async Task<ScreenImage> CaptureAsync(IPEndPoint endPoint, string? password)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var client = new TcpClient();
        await client.ConnectAsync(endPoint, patience.Token).ConfigureAwait(false);
        await using var stream = new BufferedStream(client.GetStream(), 1 << 16);
        await EnterAsync(stream, password, patience.Token).ConfigureAwait(false);
        await SendAsync(stream, [1], patience.Token).ConfigureAwait(false);
        byte[] start = await ReadAsync(stream, 24, patience.Token).ConfigureAwait(false);
        _ = await ReadAsync(stream, Length(start.AsSpan(20), MaxText), patience.Token).ConfigureAwait(false);
        int width = BinaryPrimitives.ReadUInt16BigEndian(start);
        int height = BinaryPrimitives.ReadUInt16BigEndian(start.AsSpan(2));

        var buffer = new RfbBuffer();
        buffer.AddInt32(0);
        RfbPixelFormat.Native.Write(buffer.Add(RfbPixelFormat.ByteCount));
        buffer.AddByte(2);
        buffer.AddByte(0);
        buffer.AddUInt16(2);
        buffer.AddInt32(RfbEncoding.Raw);
        buffer.AddInt32(RfbEncoding.DesktopSize);
        await SendAsync(stream, buffer.Memory.ToArray(), patience.Token).ConfigureAwait(false);
        while (true)
        {
            await RequestAsync(stream, width, height, patience.Token).ConfigureAwait(false);
            (int[]? pixels, int newWidth, int newHeight) = await ReceiveAsync(stream, width, height, patience.Token).ConfigureAwait(false);
            if (pixels is not null)
            {
                return new ScreenImage(width, height, pixels);
            }

            (width, height) = (newWidth, newHeight);
        }
    }

    private static async Task EnterAsync(Stream stream, string? password, CancellationToken cancellation)
    {
        byte[] version = await ReadAsync(stream, 12, cancellation).ConfigureAwait(false);
        if (!version.AsSpan().StartsWith("RFB "u8))
        {
            throw new RfbException("it does not speak RFB");
        }

        await SendAsync(stream, "RFB 003.008\n"u8.ToArray(), cancellation).ConfigureAwait(false);
        int count = (await ReadAsync(stream, 1, cancellation).ConfigureAwait(false))[0];
        if (count == 0)
        {
            throw new RfbException(await ReadReasonAsync(stream, cancellation).ConfigureAwait(false));
        }

        byte[] types = await ReadAsync(stream, count, cancellation).ConfigureAwait(false);
        if (types.AsSpan().Contains((byte)1))
        {
            await SendAsync(stream, [1], cancellation).ConfigureAwait(false);
        }
        else if (types.AsSpan().Contains((byte)2))
        {
            if (password is null)
            {
                throw new RfbException("it wants a password; give --password or --password-file");
            }

            await SendAsync(stream, [2], cancellation).ConfigureAwait(false);
            byte[] challenge = await ReadAsync(stream, VncDes.ChallengeByteCount, cancellation).ConfigureAwait(false);
            await SendAsync(stream, VncDes.Answer(Encoding.UTF8.GetBytes(password), challenge), cancellation).ConfigureAwait(false);
        }
        else
        {
            throw new RfbException("it has no security type that is known here");
        }

        byte[] result = await ReadAsync(stream, 4, cancellation).ConfigureAwait(false);
        if (BinaryPrimitives.ReadInt32BigEndian(result) != 0)
        {
            throw new RfbException(await ReadReasonAsync(stream, cancellation).ConfigureAwait(false));
        }
    }

    private static async Task RequestAsync(Stream stream, int width, int height, CancellationToken cancellation)
    {
        var buffer = new RfbBuffer();
        buffer.AddByte(3);
        buffer.AddByte(0);
        buffer.AddInt32(0);
        buffer.AddUInt16(width);
        buffer.AddUInt16(height);
        await SendAsync(stream, buffer.Memory.ToArray(), cancellation).ConfigureAwait(false);
    }

    // No pixels: the size is another one.
    private static async Task<(int[]? Pixels, int Width, int Height)> ReceiveAsync(Stream stream, int width, int height, CancellationToken cancellation)
    {
        int[] pixels = new int[Math.Min(width * height, MaxPixels)];
        long missing = (long)width * height;
        while (missing > 0)
        {
            byte[] kind = await ReadAsync(stream, 1, cancellation).ConfigureAwait(false);
            switch (kind[0])
            {
                case 0:
                    break;
                case 2:
                    continue;
                case 3:
                    byte[] text = await ReadAsync(stream, 7, cancellation).ConfigureAwait(false);
                    _ = await ReadAsync(stream, Length(text.AsSpan(3), MaxText), cancellation).ConfigureAwait(false);
                    continue;
                default:
                    throw new RfbException("an unknown message came");
            }

            byte[] header = await ReadAsync(stream, 3, cancellation).ConfigureAwait(false);
            int count = BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(1));
            for (int i = 0; i < count; i++)
            {
                byte[] rectangle = await ReadAsync(stream, 12, cancellation).ConfigureAwait(false);
                (int x, int y, int w, int h) = (At(rectangle, 0), At(rectangle, 2), At(rectangle, 4), At(rectangle, 6));
                int encoding = BinaryPrimitives.ReadInt32BigEndian(rectangle.AsSpan(8));
                if (encoding == RfbEncoding.DesktopSize && w > 0 && h > 0)
                {
                    return (null, w, h);
                }

                if (encoding != RfbEncoding.Raw || x + w > width || y + h > height || width * height > pixels.Length)
                {
                    throw new RfbException("an impossible rectangle came");
                }

                for (int line = 0; line < h; line++)
                {
                    byte[] bytes = await ReadAsync(stream, 4 * w, cancellation).ConfigureAwait(false);
                    MemoryMarshal.Cast<byte, int>(bytes).CopyTo(pixels.AsSpan(((y + line) * width) + x));
                }

                missing -= (long)w * h;
            }
        }

        foreach (ref int pixel in pixels.AsSpan())
        {
            pixel &= 0xff_ffff;
        }

        return (pixels, width, height);
    }

    private static async Task<string> ReadReasonAsync(Stream stream, CancellationToken cancellation)
    {
        byte[] length = await ReadAsync(stream, 4, cancellation).ConfigureAwait(false);
        byte[] text = await ReadAsync(stream, Length(length, MaxText), cancellation).ConfigureAwait(false);
        return Encoding.UTF8.GetString(text).TrimEnd('.');
    }

    private static int Length(ReadOnlySpan<byte> bytes, int limit)
    {
        uint length = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        return length <= (uint)limit ? (int)length : throw new RfbException("an impossible length came");
    }

    private static int At(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(offset));

    private static async Task<byte[]> ReadAsync(Stream stream, int byteCount, CancellationToken cancellation)
    {
        byte[] bytes = new byte[byteCount];
        await stream.ReadExactlyAsync(bytes, cancellation).ConfigureAwait(false);
        return bytes;
    }

    private static async Task SendAsync(Stream stream, byte[] bytes, CancellationToken cancellation)
    {
        await stream.WriteAsync(bytes, cancellation).ConfigureAwait(false);
        await stream.FlushAsync(cancellation).ConfigureAwait(false);
    }
}
