using System;
using System.Buffers.Binary;
using System.IO;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Sosia.Devices.Screen;
using Sosia.Display.Input;

namespace Sosia.Display.Rfb;

/// <summary>One viewer from its connection to its end: one task reads its messages, another sends it pictures.</summary>
internal sealed class RfbSession : IDisposable
{
    private const int MaxDiscardedByteCount = 1 << 20;
    private const int DiscardChunk = 4096;

    private static readonly TimeSpan HandshakeTime = TimeSpan.FromSeconds(10);

    private readonly BufferedStream _input;
    private readonly Stream _stream;
    private readonly VncOptions _options;
    private readonly LoginGuard _guard;
    private readonly RfbUpdater _updater;
    private readonly RfbInput _events;
    private readonly byte[] _message = new byte[32];

    public RfbSession(Stream stream, VncOptions options, LoginGuard guard, MachineScreen screen, MachineKeyboard? keyboard, MachinePointer? pointer)
    {
        _stream = stream;
        _input = new BufferedStream(stream, 1 << 12);
        _options = options;
        _guard = guard;
        _updater = new RfbUpdater(stream, screen, pointer);
        _events = new RfbInput(keyboard, pointer);
    }

    /// <summary>Asked when it is known who the viewer is: whether it may stay.</summary>
    public Func<bool> Admit { get; init; } = static () => true;

    /// <summary>Serves the viewer until it goes or misbehaves.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using (var handshake = CancellationTokenSource.CreateLinkedTokenSource(cancellation))
        {
            handshake.CancelAfter(HandshakeTime);
            await new RfbHandshake(_stream, _options.Password, _guard).RunAsync(handshake.Token).ConfigureAwait(false);
            if (!Admit())
            {
                throw new RfbException("there are enough viewers");
            }

            await InitializeAsync(handshake.Token).ConfigureAwait(false);
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task sending = Task.Run(() => _updater.RunAsync(ending.Token), CancellationToken.None);
        Task reading = ReadAsync(ending.Token);
        try
        {
            await (await Task.WhenAny(sending, reading).ConfigureAwait(false)).ConfigureAwait(false);
        }
        finally
        {
            _events.ReleaseAll();
            await ending.CancelAsync().ConfigureAwait(false);
            // Whichever still waits for the network stops by that.
            await _stream.DisposeAsync().ConfigureAwait(false);
            await Task.WhenAll(IgnoreAsync(sending), IgnoreAsync(reading)).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _updater.Dispose();
        _input.Dispose();
    }

    private static async Task IgnoreAsync(Task task)
    {
        try
        {
            await task.ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or OperationCanceledException or RfbException)
        {
            // It ended because the other one did.
        }
    }

    private async Task InitializeAsync(CancellationToken cancellation)
    {
        // Whether the viewer wants to be alone does not matter: it is not.
        await _stream.ReadExactlyAsync(_message.AsMemory(0, 1), cancellation).ConfigureAwait(false);
        (int width, int height) = _updater.Begin();
        byte[] name = Encoding.UTF8.GetBytes(_options.Name);
        var buffer = new RfbBuffer();
        buffer.AddUInt16(width);
        buffer.AddUInt16(height);
        RfbPixelFormat.Native.Write(buffer.Add(RfbPixelFormat.ByteCount));
        buffer.AddInt32(name.Length);
        buffer.Add(name);
        await _stream.WriteAsync(buffer.Memory, cancellation).ConfigureAwait(false);
    }

    private async Task ReadAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await FillAsync(0, 1, cancellation).ConfigureAwait(false);
            switch (_message[0])
            {
                case 0:
                    await FillAsync(1, 19, cancellation).ConfigureAwait(false);
                    _updater.SetFormat(RfbPixelFormat.TryParse(_message.AsSpan(4)) ?? throw new RfbException("impossible pixel format"));
                    break;
                case 2:
                    await FillAsync(1, 3, cancellation).ConfigureAwait(false);
                    await ReadEncodingsAsync(UInt16(2), cancellation).ConfigureAwait(false);
                    break;
                case 3:
                    await FillAsync(1, 9, cancellation).ConfigureAwait(false);
                    _updater.Request(_message[1] != 0, new ScreenRectangle(UInt16(2), UInt16(4), UInt16(6), UInt16(8)));
                    break;
                case 4:
                    await FillAsync(1, 7, cancellation).ConfigureAwait(false);
                    _events.Key(UInt32(4), 0, _message[1] != 0);
                    _updater.Hurry();
                    break;
                case 5:
                    await FillAsync(1, 5, cancellation).ConfigureAwait(false);
                    (int width, int height) = _updater.Size;
                    _events.Pointer(_message[1], UInt16(2), UInt16(4), width, height, _updater.IsPointerRelative);
                    _updater.Hurry();
                    break;
                case 6:
                    await FillAsync(1, 7, cancellation).ConfigureAwait(false);
                    await DiscardAsync(UInt32(4), cancellation).ConfigureAwait(false);
                    break;
                case 251:
                    // The viewer wants another size, which is the guest's to choose: it is told so.
                    await FillAsync(1, 7, cancellation).ConfigureAwait(false);
                    await DiscardAsync(16u * _message[6], cancellation).ConfigureAwait(false);
                    _updater.RefuseResize();
                    break;
                case 255:
                    await FillAsync(1, 11, cancellation).ConfigureAwait(false);
                    if (_message[1] != 0)
                    {
                        throw new RfbException("unknown message of QEMU's");
                    }

                    _events.Key(UInt32(4), UInt32(8), UInt16(2) != 0);
                    _updater.Hurry();
                    break;
                default:
                    throw new RfbException("unknown message");
            }
        }
    }

    private async Task ReadEncodingsAsync(int count, CancellationToken cancellation)
    {
        var encodings = new int[Math.Min(count, 256)];
        for (int i = 0; i < count; i++)
        {
            await FillAsync(0, 4, cancellation).ConfigureAwait(false);
            if (i < encodings.Length)
            {
                encodings[i] = (int)UInt32(0);
            }
        }

        _updater.SetEncodings(encodings);
    }

    private async Task DiscardAsync(uint byteCount, CancellationToken cancellation)
    {
        if (byteCount > MaxDiscardedByteCount)
        {
            throw new RfbException("far too long a text");
        }

        byte[] chunk = new byte[Math.Min(byteCount, DiscardChunk)];
        for (int left = (int)byteCount; left > 0;)
        {
            int count = Math.Min(left, chunk.Length);
            await _input.ReadExactlyAsync(chunk.AsMemory(0, count), cancellation).ConfigureAwait(false);
            left -= count;
        }
    }

    private ValueTask FillAsync(int offset, int byteCount, CancellationToken cancellation)
        => _input.ReadExactlyAsync(_message.AsMemory(offset, byteCount), cancellation);

    private int UInt16(int offset) => BinaryPrimitives.ReadUInt16BigEndian(_message.AsSpan(offset));

    private uint UInt32(int offset) => BinaryPrimitives.ReadUInt32BigEndian(_message.AsSpan(offset));
}
