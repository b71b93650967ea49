// The compiled parts of Boost.Asio, Beast and Process v2, in one place.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
#include <boost/process/v2/src.hpp>
