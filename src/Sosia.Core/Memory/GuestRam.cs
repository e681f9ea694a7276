using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Threading;
using Sosia.Host.Linux.Memory;

namespace Sosia.Core.Memory;

/// <summary>
/// All RAM (and ROM contents) of one machine: a single memfd mapping with a flag byte per 4 KiB page. Where it appears in the
/// guest physical address space is <see cref="Buses.MemoryBus"/>'s business; here a byte is named by its offset in RAM.
/// </summary>
public sealed unsafe class GuestRam : IDisposable
{
    /// <summary>Bytes per page.</summary>
    public const int PageSize = 4096;

    private readonly SharedMapping _mapping;
    private List<ICodePageObserver> _observers = [];
    private byte* _pageFlags;

    /// <summary>Allocates zeroed RAM; host pages are committed on first touch.</summary>
    /// <param name="byteCount">Size; a positive multiple of 4096.</param>
    /// <exception cref="SosiaException">The host cannot provide that much address space.</exception>
    public GuestRam(ulong byteCount)
    {
        if (byteCount == 0 || byteCount % PageSize != 0)
        {
            throw new SosiaException($"Guest memory of {byteCount} bytes is not a positive multiple of 4096; choose another --memory.");
        }

        try
        {
            _mapping = new SharedMapping("sosia-ram", byteCount);
        }
        catch (Win32Exception error)
        {
            throw new SosiaException($"The host cannot provide {byteCount >> 20} MiB of guest memory ({error.Message}); choose a smaller --memory.", FailureKind.Host, error);
        }

        // SAFETY: zeroed native memory, freed in Dispose; calloc of large blocks commits lazily.
        _pageFlags = (byte*)NativeMemory.AllocZeroed((nuint)(byteCount / PageSize));
    }

    /// <summary>The host virtual address of offset 0.</summary>
    public byte* HostBase => _mapping.Address;

    /// <summary>Size in bytes.</summary>
    public ulong ByteCount => _mapping.ByteCount;

    /// <summary>The memfd behind the RAM, for engines that map it elsewhere.</summary>
    public int FileDescriptor => _mapping.FileDescriptor;

    /// <summary>One <see cref="RamPageFlags"/> byte per page, indexed by RAM page index.</summary>
    public byte* PageFlags => _pageFlags;

    /// <summary>True while processors have threads of their own, so that caches must be told after writes too.</summary>
    public bool TellsAfterWrites { get; set; }

    /// <summary>
    /// Set by an engine whose guest code writes RAM without asking: marks the pages as written that were written so far. Whoever looks for
    /// <see cref="RamPageFlags.CleanTracked"/> calls it before. Null for nothing to do.
    /// </summary>
    public Action? CollectWrites { get; set; }

    /// <summary>Registers an engine's code cache to be told of writes to code pages.</summary>
    public void AddCodeObserver(ICodePageObserver observer) => _observers = [.. _observers, observer];

    /// <summary>Removes a registration made by <see cref="AddCodeObserver"/>.</summary>
    public void RemoveCodeObserver(ICodePageObserver observer) => _observers = _observers.FindAll(each => !ReferenceEquals(each, observer));

    /// <summary>An observer has dropped all that it held of a page: unmarks it, unless another one still holds code of it.</summary>
    /// <param name="ramPageIndex">The page: offset in guest RAM divided by 4096.</param>
    public void CodeDropped(ulong ramPageIndex)
    {
        foreach (ICodePageObserver observer in _observers)
        {
            if (observer.HoldsCode(ramPageIndex))
            {
                return;
            }
        }

        RemovePageFlags(ramPageIndex, RamPageFlags.HasCode);
    }

    /// <summary>Sets flags of a page, whatever other threads do with its other flags. Processors are not told; see <see cref="Buses.MemoryBus.SetRamPageFlags"/>.</summary>
    /// <param name="ramPageIndex">The page: offset in guest RAM divided by 4096.</param>
    /// <param name="flags">The flags to set.</param>
    /// <returns>The flags before.</returns>
    internal RamPageFlags AddPageFlags(ulong ramPageIndex, RamPageFlags flags)
    {
        ref byte place = ref _pageFlags[ramPageIndex];
        byte before = place;
        byte seen;
        while ((seen = Interlocked.CompareExchange(ref place, (byte)(before | (byte)flags), before)) != before)
        {
            before = seen;
        }

        return (RamPageFlags)before;
    }

    /// <summary>
    /// Must be called before bytes change by any path that does not go through <see cref="Write"/>: honours the page flags of the range.
    /// </summary>
    /// <param name="ramOffset">First byte, as an offset in RAM.</param>
    /// <param name="byteCount">How many bytes; may cross pages.</param>
    public void BeforeWrite(ulong ramOffset, int byteCount)
    {
        while (byteCount > 0)
        {
            ulong page = ramOffset / PageSize;
            int offset = (int)(ramOffset % PageSize);
            int chunk = Math.Min(byteCount, PageSize - offset);
            var flags = (RamPageFlags)_pageFlags[page];
            if ((flags & RamPageFlags.WriteSlow) != 0)
            {
                NotifyWrite(page, offset, chunk, flags);
            }

            ramOffset += (ulong)chunk;
            byteCount -= chunk;
        }
    }

    /// <summary>Somebody has written anywhere without asking: whoever holds code drops it.</summary>
    public void CodeMayHaveChanged()
    {
        var flags = new ReadOnlySpan<byte>(_pageFlags, (int)(ByteCount / PageSize));
        for (int page = 0; page < flags.Length; page++)
        {
            int next = flags[page..].IndexOfAnyExcept((byte)0);
            if (next < 0)
            {
                return;
            }

            page += next;
            if (((RamPageFlags)flags[page] & RamPageFlags.HasCode) != 0)
            {
                BeforeWrite((ulong)page * PageSize, PageSize);
                AfterWrite((ulong)page * PageSize, PageSize);
            }
        }
    }

    /// <summary>
    /// Must be called after bytes have changed by any path that called <see cref="BeforeWrite"/>: tells caches of processors that other threads run.
    /// </summary>
    /// <param name="ramOffset">First byte, as an offset in RAM.</param>
    /// <param name="byteCount">How many bytes; may cross pages.</param>
    public void AfterWrite(ulong ramOffset, int byteCount)
    {
        if (TellsAfterWrites)
        {
            TellChanged(ramOffset, byteCount);
        }
    }

    /// <summary>Copies bytes into RAM, honouring the page flags (code invalidation, dirty tracking).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves RAM.</exception>
    public void Write(ulong ramOffset, ReadOnlySpan<byte> data)
    {
        CheckRange(ramOffset, (ulong)data.Length);
        BeforeWrite(ramOffset, data.Length);
        // SAFETY: the range was checked against the mapping.
        data.CopyTo(new Span<byte>(HostBase + ramOffset, data.Length));
        AfterWrite(ramOffset, data.Length);
    }

    /// <summary>Copies bytes out of RAM.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves RAM.</exception>
    public void Read(ulong ramOffset, Span<byte> destination)
    {
        CheckRange(ramOffset, (ulong)destination.Length);
        // SAFETY: the range was checked against the mapping.
        new ReadOnlySpan<byte>(HostBase + ramOffset, destination.Length).CopyTo(destination);
    }

    /// <summary>Finds pages that have ever been touched; all others are zero, and looking at them would make the host provide them.</summary>
    /// <param name="pageIndex">Where to begin.</param>
    /// <param name="endIndex">The page after the run that was found.</param>
    /// <returns>The first page of the run; the number of pages when there is none.</returns>
    public ulong FindTouchedPages(ulong pageIndex, out ulong endIndex)
    {
        ulong start = _mapping.FindTouched(pageIndex * PageSize, out ulong end);
        endIndex = (end + PageSize - 1) / PageSize;
        return start / PageSize;
    }

    /// <summary>Makes the fences around RAM, which nothing may touch, able to show afterwards whether something did: for tests of isolation.</summary>
    public void ArmFences() => _mapping.ArmFences();

    /// <summary>True when nothing was written beside RAM since <see cref="ArmFences"/>, which must have been called.</summary>
    public bool AreFencesWhole() => _mapping.AreFencesWhole();

    /// <inheritdoc/>
    public void Dispose()
    {
        _mapping.Dispose();
        if (_pageFlags != null)
        {
            NativeMemory.Free(_pageFlags);
            _pageFlags = null;
        }
    }

    private void NotifyWrite(ulong page, int offset, int byteCount, RamPageFlags flags)
    {
        if ((flags & RamPageFlags.HasCode) != 0)
        {
            foreach (ICodePageObserver observer in _observers)
            {
                observer.CodePageWritten(page, offset, byteCount);
            }
        }

        if ((flags & RamPageFlags.CleanTracked) != 0)
        {
            RemovePageFlags(page, RamPageFlags.CleanTracked);
        }
    }

    private void RemovePageFlags(ulong page, RamPageFlags flags)
    {
        ref byte place = ref _pageFlags[page];
        byte before = place;
        byte seen;
        while ((seen = Interlocked.CompareExchange(ref place, (byte)(before & ~(byte)flags), before)) != before)
        {
            before = seen;
        }
    }

    private void TellChanged(ulong ramOffset, int byteCount)
    {
        // The bytes first: whoever reads the page from now on reads them, whoever has read it before has marked it.
        Thread.MemoryBarrier();
        while (byteCount > 0)
        {
            ulong page = ramOffset / PageSize;
            int offset = (int)(ramOffset % PageSize);
            int chunk = Math.Min(byteCount, PageSize - offset);
            if (((RamPageFlags)Volatile.Read(ref _pageFlags[page]) & RamPageFlags.HasCode) != 0)
            {
                foreach (ICodePageObserver observer in _observers)
                {
                    observer.CodePageChanged(page, offset, chunk);
                }
            }

            ramOffset += (ulong)chunk;
            byteCount -= chunk;
        }
    }

    private void CheckRange(ulong ramOffset, ulong byteCount)
    {
        if (ramOffset > ByteCount || byteCount > ByteCount - ramOffset)
        {
            throw new ArgumentOutOfRangeException(nameof(ramOffset), "The range leaves guest RAM.");
        }
    }
}
